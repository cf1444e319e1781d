import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { docBlocks } from './doc-blocks.js';
import { formatPage, root } from './page.js';

/** Where the page is. */
export const ERRORS_PAGE = join(root, 'docs/errors.md');

/** What a doc block says of an error code. */
export interface DocumentedCode {
  code: string;
  /** What happened. */
  meaning: string;
  /** The gRPC status of the calls that it ends, as users see it. */
  status: string;
  remedy: string;
}

/** The error codes that one file of the library defines. */
export interface ErrorFamily {
  /** Its class. */
  className: string;
  /** The property that has the code. */
  property: string;
  codes: DocumentedCode[];
}

const INTRODUCTION = `<!-- Written by \`npm run docs:errors\` from the doc blocks in lib/. -->

# Errors

After this page you can handle each error of this package by its code. Codes are stable across releases; messages are not. The column \`gRPC status\` is the status of the calls that the error ends; an error without a status is thrown by the function that caused it. [Troubleshooting](troubleshooting.md) lists errors by their symptoms.

Errors of sockets and of TLS (\`ECONNRESET\`, \`ERR_TLS_...\`) stay unchanged; most are the \`cause\` of an error of this package. Calls that they end have the status UNAVAILABLE.
`;

/** The text of docs/errors.md, made of the library's sources. */
export async function errorsPage(): Promise<string> {
  const sections = errorFamilies().map(
    ({ className, property, codes }) => `## \`${className}\`: \`${property}\`

| \`${property}\` | what happened | gRPC status | what to do |
| --- | --- | --- | --- |
${codes.map(({ code, meaning, status, remedy }) => `| \`${code}\` | ${meaning} | ${status} | ${remedy} |`).join('\n')}
`,
  );
  return formatPage(ERRORS_PAGE, [INTRODUCTION, ...sections].join('\n'));
}

/** All that there are, in the order of their files. */
export function errorFamilies(): ErrorFamily[] {
  return readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => familyIn(readFileSync(join(root, 'lib', path), 'utf8')))
    .filter(({ codes }) => codes.length > 0);
}

function familyIn(source: string): ErrorFamily {
  const [, className = ''] = /export class (\w+) extends \w*Error\b/.exec(source) ?? [];
  const blocks = docBlocks(source, /(?:\||readonly code =|export type \w+ =)\s*'(ERR_\w+)'/);
  return {
    className,
    property: source.includes('readonly reason:') ? 'reason' : 'code',
    codes: [...blocks].map(([code, text]) => documented(code, text)),
  };
}

function documented(code: string, text: string): DocumentedCode {
  const [, meaning = '', status = '', remedy = ''] =
    /^(.*?) gRPC status: (.*?)\. Remedy: (.*)$/.exec(text) ?? [];
  return { code, meaning, status, remedy };
}
