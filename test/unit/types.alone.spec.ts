import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compile, compileTexts, expectedErrors } from '../types/compile.js';

const folder = fileURLToPath(new URL('../types/', import.meta.url));

describe('a wrong program', () => {
  const errors = compile(join(folder, 'wrong/tsconfig.json'));

  it('is one of at least twenty', () => {
    expect(errors.size).toBeGreaterThan(20);
  });

  it.each([...errors.keys()])('fails to compile, for the expected reason only: %s', (name) => {
    const expected = expectedErrors(readFileSync(join(folder, 'wrong', name), 'utf8'));

    expect(expected).not.toEqual([]);
    expect(errors.get(name)).toEqual(
      expected.map(({ line, code, text }) => {
        return { line, code, text: expect.stringContaining(text) };
      }),
    );
  });
});

describe('a right program', () => {
  const loose = { strict: false, exactOptionalPropertyTypes: false };

  it.each([
    ['strict options', {}],
    ['the options of a new Nest application', { ...loose, strictNullChecks: true }],
    ['the options of old Nest applications, without strictNullChecks', loose],
  ])('compiles with %s', (_which, options) => {
    const errors = compile(join(folder, 'right/tsconfig.json'), options);

    expect(errors.size).toBeGreaterThan(1);
    for (const [name, found] of errors) expect(found, name).toEqual([]);
  });
});

describe('the TypeScript of a document', () => {
  const pages = ['cancellation', 'deployment', 'large-files', 'tls', 'why'];
  const blocks = new Map(pages.flatMap(blocksOf));
  // A block declares classes that only its reader uses.
  const errors = compileTexts(join(folder, 'right/tsconfig.json'), blocks, {
    noUnusedLocals: false,
  });

  it('is found', () => {
    expect(blocks.size).toBeGreaterThan(5);
  });

  it.each([...errors])('compiles, block by block: %s', (_name, found) => {
    expect(found).toEqual([]);
  });
});

/** The blocks of TypeScript in a page, each by a name for its file. */
function blocksOf(page: string): [name: string, code: string][] {
  const text = readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code], index) => [
    `${page}-${index + 1}.ts`,
    code!,
  ]);
}
