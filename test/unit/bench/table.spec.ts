import { describe, expect, it } from 'vitest';
import { formatTable } from '../../bench/report/table.js';
import { resultsOf } from './sample-results.js';

const COST = { metric: 'allocated', unit: 'bytes/call', better: 'lower', primary: false } as const;

describe('the text table of a run', () => {
  it('aligns primary metrics, then the medians of the others, and ends with what was skipped', () => {
    const results = resultsOf(
      { ...COST, system: 'plain', median: 18_637 },
      { ...COST, system: 'ours', median: 999 },
      { system: 'plain', median: 8_214, min: 7_988, max: 8_401, ratio: 1 },
      { system: 'ours', median: 52_149, min: 50_044, max: 53_000, ratio: 6.349 },
      { system: 'slow', median: 12.5, min: 0, max: 13 },
    );
    results.skipped.push(
      { workload: 'unary', system: 'go-plain', reason: 'no Go' },
      { workload: 'mux-8', system: 'go', reason: 'no Go either' },
    );

    expect(formatTable(results)).toBe(
      [
        'unary                                 allocated',
        '       calls/s        min–max  ratio   per call',
        '───────────────────────────────────────────────',
        'plain    8,210    7,990–8,400  1.00×   18.2 KiB',
        'ours    52,100  50,000–53,000  6.35×      999 B',
        'slow      12.5         0–13.0                 –',
        '',
        'skipped',
        '  unary  go-plain  no Go',
        '  mux-8  go        no Go either',
        '',
      ].join('\n'),
    );
  });

  it('groups by workload, in order of first appearance', () => {
    const results = resultsOf(
      { workload: 'second', system: 'plain' },
      { workload: 'first', system: 'plain' },
      { workload: 'second', system: 'ours' },
    );

    const starts = formatTable(results).match(/^[a-z]+/gm);
    expect(starts).toEqual(['second', 'plain', 'ours', 'first', 'plain']);
  });

  it('is not made of a workload that is about nothing', () => {
    expect(() => formatTable(resultsOf({ primary: false }))).toThrow('unary has no primary metric');
  });
});
