import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { Random } from '../../unit/http2/hpack/random.js';
import { readOptions, UsageError } from './options.js';
import { applyEdit } from './planted/plant.js';
import { PLANTED } from './planted/planted.js';
import { SITES } from './play/site.js';
import { inventProgram } from './program/invent.js';
import { mutate } from './program/mutate.js';
import { headersStep, messageStep, requestFields } from './program/phrases.js';
import { render, type Act } from './program/render.js';
import { MOST_BYTES, type Program, type Step } from './program/step.js';
import { Corpus } from './search/corpus.js';
import type { Cost } from './search/cost.js';
import { minimise } from './search/minimise.js';
import { broken } from './search/promises.js';

const MiB = 1024 * 1024;
const REFLEXES = { accept: true, credit: true, settings: true, pings: true };
const CHEAP: Cost = {
  sent: MOST_BYTES,
  received: 1000,
  heap: 0,
  cpu: 10,
  block: 10,
  log: 0,
  idle: { cpu: 5, block: 5 },
  faults: [],
};

const programOf = (...steps: Step[]): Program => ({ reflexes: REFLEXES, steps });
const repeat = (times: number, ...steps: Step[]): Step => ({
  do: 'repeat',
  times,
  stride: 2,
  carrierStride: 0,
  steps,
});
const wait = (ms: number): Step => ({ do: 'wait', ms });

function bytesOf(acts: Iterable<Act>): Buffer[] {
  return Array.from(acts).flatMap((act) => ('bytes' in act && 'to' in act ? [act.bytes] : []));
}

/** How many calls a program opens. */
function openedCalls(program: Program): number {
  return [...render(program, 1)].filter((act) => 'opensCall' in act && act.opensCall).length;
}

describe('a program', () => {
  it('opens another stream with each repetition', () => {
    const call = headersStep(1, requestFields('/cost.Costs/Echo'));
    const frames = bytesOf(render(programOf(repeat(3, call)), 0));

    expect(frames.map((frame) => frame.readUInt32BE(5))).toEqual([1, 3, 5]);
    expect(openedCalls(programOf(repeat(3, repeat(2, call))))).toBe(6);
  });

  it('ends, however often it repeats nothing', () => {
    const nothing = repeat(100, repeat(100, repeat(1e9)));

    expect([...render(programOf(nothing, wait(1)), 0)]).toEqual([wait(1)]);
  });

  it('makes its messages as large as they say before compression', () => {
    const content = { kind: 'text', size: 4 * MiB } as const;
    const step = messageStep(1, { content, compression: 'gzip' });

    const [frame] = bytesOf(render(programOf(step), 0));

    expect(frame!.length).toBeLessThan(5000);
    expect(frame!.length).toBeGreaterThan(4000);
  });

  it.each(SITES)('can be rendered, whatever it was made of, for the site %s', (site) => {
    const random = new Random(1);
    let program = inventProgram(random, site);
    for (let i = 0; i < 60; i += 1) {
      const other = inventProgram(random, site);
      program = mutate(random, i % 10 === 0 ? other : program, [program, other], site);
      let bytes = 0;
      for (const act of render(program, 1)) {
        if ('to' in act) bytes += act.bytes.length;
        if (bytes > MOST_BYTES) break;
      }
    }
    expect(program.steps.length).toBeLessThan(100);
  });
});

describe('the search', () => {
  it('keeps the dearest program of each shape', () => {
    const corpus = new Corpus([programOf()]);
    const cheap = programOf(wait(1));
    const dear = programOf(wait(2));

    expect(corpus.add(cheap, { ...CHEAP, heap: MiB }, ['heap'])).toEqual(['heap']);
    expect(corpus.add(dear, { ...CHEAP, heap: 2 * MiB }, ['heap'])).toEqual(['heap']);
    expect(corpus.add(cheap, { ...CHEAP, heap: MiB }, ['heap'])).toEqual([]);

    expect(corpus.programs).toEqual([programOf(), dear]);
  });

  it('takes a promise for broken that is exceeded, and no other', () => {
    const all = ['heap', 'cpu', 'block', 'sent', 'log', 'left'] as const;

    expect(broken(CHEAP, all)).toEqual([]);
    expect(broken({ ...CHEAP, cpu: 201 }, all)).toEqual(['cpu']);
    expect(broken({ ...CHEAP, sent: 1000, received: 18_000 }, all)).toEqual(['sent']);
    expect(broken({ ...CHEAP, left: { bytes: 0, resources: 1 } }, all)).toEqual(['left']);
    expect(broken({ ...CHEAP, faults: ['the target fell'] }, all)).toEqual(['left']);
  });

  it('shortens a program to what makes it dear', async () => {
    const dear = headersStep(1, requestFields('/'));
    const long = programOf(wait(1), repeat(64, wait(2), repeat(8, dear), wait(3)), wait(4));

    const shortest = await minimise(long, async (tried) => openedCalls(tried) >= 4, 10_000);

    expect(openedCalls(shortest)).toBeLessThan(8);
    expect(JSON.stringify(shortest)).not.toContain('wait');
  });
});

describe('a planted fault', () => {
  const compile = (file: string): string => {
    const source = new URL(`../../../lib/${file.replace(/js$/, 'ts')}`, import.meta.url);
    const target = ts.ScriptTarget.ES2023;
    return ts.transpileModule(readFileSync(source, 'utf8'), { compilerOptions: { target } })
      .outputText;
  };
  const planted = Object.entries(PLANTED).flatMap(([name, { edits }]) =>
    edits.map((edit) => ({ name, ...edit })),
  );

  it.each(planted)('$name still has its place in $file', (edit) => {
    const text = compile(edit.file);

    expect(applyEdit(edit, text)).not.toBe(text);
  });
});

describe('npm run fuzz:cost', () => {
  it('searches everything on both engines unless told otherwise', () => {
    const options = readOptions([]);

    expect(new Set(options!.configurations.map(({ engine }) => engine)).size).toBe(2);
    expect(options!.categories).toContain('heap');
    expect(options!.time).toBe(true);
  });

  it.each([
    [['--engine', 'other'], 'built-in, grpc-js'],
    [['--category', 'colour'], 'heap, cpu'],
    [['--planted', 'nothing'], 'calls-not-counted'],
    [['--config', 'nowhere'], '--help'],
    [['--minutes', 'few'], 'give a number'],
    [['--what'], 'Usage'],
  ])('refuses %j, and says what may be given', (args, remedy) => {
    const act = (): unknown => readOptions(args);
    expect(act).toThrow(UsageError);
    expect(act).toThrow(remedy);
  });
});
