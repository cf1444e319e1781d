import { dirname, relative } from 'node:path';
import ts from 'typescript';

/** An error of the compiler, or one that a program expects. */
export interface CompilerError {
  /** Number of the line, from 1 on. */
  readonly line: number;
  /** Such as `TS2322`. */
  readonly code: string;
  readonly text: string;
}

/** Compiles all files of a project, without running them. Returns the errors of each, by its path. */
export function compile(
  project: string,
  options: ts.CompilerOptions = {},
): Map<string, CompilerError[]> {
  const { config } = ts.readConfigFile(project, (path) => ts.sys.readFile(path));
  const folder = dirname(project);
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, folder, options, project);
  const program = ts.createProgram(parsed.fileNames, parsed.options);
  return new Map(
    parsed.fileNames.map((name) => {
      const file = program.getSourceFile(name)!;
      const found = [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file),
      ];
      return [relative(folder, name), found.map(errorOf)];
    }),
  );
}

function errorOf({ file, start, code, messageText }: ts.Diagnostic): CompilerError {
  const { line } = file!.getLineAndCharacterOfPosition(start!);
  const text = ts.flattenDiagnosticMessageText(messageText, '\n');
  return { line: line + 1, code: `TS${code}`, text };
}

/** The errors that a program expects: a comment `// @expect TS1234: text` is about the line below it. */
export function expectedErrors(source: string): CompilerError[] {
  return source.split('\n').flatMap((content, index) => {
    const [, code, text] = /^ *\/\/ @expect (TS\d+): (.+)$/.exec(content) ?? [];
    return code === undefined ? [] : [{ line: index + 2, code, text: text! }];
  });
}
