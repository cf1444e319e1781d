import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import { afterEach, describe, expect, it } from 'vitest';

const { forbidden, options } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  forbidden: NonNullable<NonNullable<ICruiseOptions['ruleSet']>['forbidden']>;
  options: ICruiseOptions;
};

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Names of the rules that the given files of `lib/` break. */
async function violationsOf(files: Record<string, string>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'layers-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, 'lib', dirname(name)), { recursive: true });
    writeFileSync(join(folder, 'lib', name), content);
  }
  const { output } = await cruise(['lib'], {
    ...options,
    baseDir: folder,
    validate: true,
    ruleSet: { forbidden },
  });
  return (output as ICruiseResult).summary.violations.map(({ rule }) => rule.name);
}

describe('the layers of lib', () => {
  it('may import what is below them, through its entry point', async () => {
    expect(
      await violationsOf({
        'nest/index.ts': `import { low } from '../yamux/index.js'; export const high = low;`,
        'yamux/index.ts': `export const low = 1;`,
      }),
    ).toEqual([]);
  });

  it('may not import what is above them', async () => {
    expect(
      await violationsOf({
        'nest/index.ts': `export const high = 1;`,
        'yamux/index.ts': `import { high } from '../nest/index.js'; export const low = high;`,
      }),
    ).toEqual(['yamux-imports-nothing-above']);
  });

  it('may not import types from above either', async () => {
    expect(
      await violationsOf({
        'backchannel/index.ts': `export type High = 1;`,
        'grpc/index.ts': `import type { High } from '../backchannel/index.js'; export type Low = High;`,
      }),
    ).toEqual(['grpc-imports-nothing-above']);
  });

  it('may not be entered but through their entry point', async () => {
    expect(
      await violationsOf({
        'nest/index.ts': `import { low } from '../yamux/frame.js'; export const high = low;`,
        'yamux/frame.ts': `export const low = 1;`,
      }),
    ).toEqual(['yamux-has-one-entry-point']);
  });

  it('may not lean on their neighbour, where they are to stand alone', async () => {
    expect(
      await violationsOf({
        'listenmux/index.ts': `import { low } from '../yamux/index.js'; export const high = low;`,
        'yamux/index.ts': `export const low = 1;`,
      }),
    ).toEqual(['yamux-listenmux-and-http2-stand-alone']);
  });

  it.each(['import', 'import type'])('may not go round in a circle by `%s`', async (how) => {
    expect(
      await violationsOf({
        'yamux/a.ts': `${how} { b } from './b.js'; export const a = {} as unknown as typeof b;`,
        'yamux/b.ts': `${how} { a } from './a.js'; export const b = {} as unknown as typeof a;`,
      }),
    ).toEqual(['no-circles']);
  });
});
