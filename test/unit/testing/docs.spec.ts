import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const text = readFileSync(`${root}/docs/testing.md`, 'utf8');
const snippets = [...text.matchAll(/<!-- file: (\S+) -->\s*```ts\n(.*?)```/gs)];

describe('docs/testing.md', () => {
  it('shows no code but that of tests', () => {
    expect(snippets.length).toBeGreaterThan(3);
    expect(snippets).toHaveLength([...text.matchAll(/^```ts$/gm)].length);
    expect(snippets.filter(([, path]) => !path!.endsWith('.spec.ts'))).toEqual([]);
  });

  it.each(snippets.map(([, path, code]) => [path!, code!]))('shows %s as it is', (path, code) => {
    expect(code).toBe(readFileSync(`${root}/${path}`, 'utf8'));
  });
});
