import { describe, expect, it } from 'vitest';
import {
  COUNT_CASES,
  countBoundOf,
  formatCounts,
  type CountCase,
} from '../../bench/check/counts/index.js';
import { judge, needsSample } from '../../bench/check/judge.js';
import recorded from '../../bench/check/recorded-ratios.json' with { type: 'json' };
import { median } from '../../bench/statistics.js';

/** `mux-64KiB-x1, ours-yamux, 0 MiB` on Node 20, by the check, on a busy machine. */
const COUNTS = {
  'before de9af89': [7.75, 8.78, 15.7],
  'at de9af89': [33.4, 33.4, 24.0],
};

describe('the counts of the check', () => {
  it('notice the modules of de9af89, which let V8 collect three times as often', () => {
    const before = median(COUNTS['before de9af89']);

    expect(judge(COUNTS['at de9af89'], before, countBoundOf)).toBe('exceeded');
    for (const count of COUNTS['at de9af89']) {
      expect(judge([count], before, countBoundOf)).toBe('exceeded');
    }
  });

  it('pass what differs by chance only', () => {
    for (const counts of Object.values(COUNTS)) {
      for (const count of counts) {
        expect(judge([count, count], median(counts), countBoundOf)).toBe('ok');
      }
    }
  });

  it('allow some collections where none were recorded', () => {
    expect(judge([2], 0, countBoundOf)).toBe('ok');
    expect(judge([4], 0, countBoundOf)).toBe('exceeded');
    expect(needsSample([2, 4], 0, countBoundOf)).toBe(true);
    expect(needsSample([2, 2], 0, countBoundOf)).toBe(false);
  });

  it.each(COUNT_CASES)('of $name need nothing but Node', ({ ours: { system, workload } }) => {
    expect(system.runtime).toBe('node');
    expect(workload.systems).toContain(system.name);
    expect(workload.metrics.map(({ metric }) => metric)).toContain('mark-compacts');
  });

  it.each(Object.entries(recorded))('are recorded as a whole on Node %s', (_major, { counts }) => {
    expect(Object.keys(counts)).toEqual(COUNT_CASES.map(({ name }) => name));
  });

  it('stand in a table with recorded, measured and bound', () => {
    const [small, , large] = COUNT_CASES as [CountCase, CountCase, CountCase];

    expect(
      formatCounts([
        { checked: small, samples: [24, 9, 25], recorded: 8 },
        { checked: large, samples: [0, 0], recorded: 20 },
        { checked: large, samples: [2, 2], recorded: 1 },
      ]),
    ).toBe(
      [
        'mark-compacts per GiB             recorded  measured  bound',
        'mux-64KiB-x1, ours-yamux, 0 MiB       8.00      24.0   15.0  EXCEEDED',
        'mux-64KiB-x1, ours-yamux, 40 MiB      20.0         0   33.0  ok, record it anew',
        'mux-64KiB-x1, ours-yamux, 40 MiB      1.00      2.00   4.50  ok',
      ].join('\n'),
    );
  });
});
