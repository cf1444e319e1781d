import { dirname, join, relative } from 'node:path';
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
  const { fileNames, options: all } = parse(project, options);
  return errorsOf(ts.createProgram(fileNames, all), fileNames, dirname(project));
}

/** As `compile`, of texts that are no files: by the paths that they would have in the folder of the project. */
export function compileTexts(
  project: string,
  texts: ReadonlyMap<string, string>,
  options: ts.CompilerOptions = {},
): Map<string, CompilerError[]> {
  const folder = dirname(project);
  const byPath = new Map([...texts].map(([path, text]) => [join(folder, path), text]));
  const { options: all } = parse(project, options);
  const host = ts.createCompilerHost(all);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => byPath.has(path) || fileExists(path);
  host.readFile = (path) => byPath.get(path) ?? readFile(path);
  const names = [...byPath.keys()];
  return errorsOf(ts.createProgram(names, all, host), names, folder);
}

function parse(project: string, options: ts.CompilerOptions): ts.ParsedCommandLine {
  const { config } = ts.readConfigFile(project, (path) => ts.sys.readFile(path));
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(project), options, project);
}

function errorsOf(
  program: ts.Program,
  names: readonly string[],
  folder: string,
): Map<string, CompilerError[]> {
  return new Map(
    names.map((name) => {
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
