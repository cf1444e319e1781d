import { describe, expect, it } from 'vitest';
import { faultsOf, type ScenarioResult } from '../../reliability/results.js';
import { markdownTables } from '../../reliability/tables.js';
import type { Row } from '../../reliability/scenario.js';

const ROW: Row = {
  what: 'pings',
  times: '100 frames',
  lost: 0,
  memory: { boundMiB: 48, peakMiB: 12.34 },
  p99: { peaceMs: 1.23, attackMs: 123.4 },
};

const resultOf = (more: Partial<ScenarioResult>): { scenarios: ScenarioResult[] } => ({
  scenarios: [{ name: 'some', title: 'Some attacks', seconds: 1, rows: [ROW], ...more }],
});

describe('the verdict on a run of reliability', () => {
  it('has nothing to say of a run in which nothing was lost', () => {
    expect(faultsOf(resultOf({}))).toEqual([]);
  });

  it('names the row that lost something', () => {
    const rows = [ROW, { ...ROW, what: 'bombs', lost: 2 }];

    expect(faultsOf(resultOf({ rows }))).toEqual(['some, bombs: 2 lost']);
  });

  it('names the row that took more memory than its bound', () => {
    const rows = [{ ...ROW, memory: { boundMiB: 48, peakMiB: 48.1 } }];

    expect(faultsOf(resultOf({ rows }))).toEqual(['some, pings: 48.1 MiB, more than 48']);
  });

  it('names the scenario that threw', () => {
    expect(faultsOf(resultOf({ rows: [], failure: 'Error: died' }))).toEqual(['some: Error: died']);
  });
});

describe('the tables of a run of reliability', () => {
  it('have a row for each attack under the heading of its scenario', () => {
    const lines = markdownTables(resultOf({})).split('\n');

    expect(lines[0]).toBe('### Some attacks');
    expect(lines.at(-1)).toBe('| pings | 100 frames | 0 | 12.3 (48) | 1.2 | 123 |  |');
  });

  it('say what failed, without its stack', () => {
    const table = markdownTables(resultOf({ rows: [], failure: 'Error: died\n    at there' }));

    expect(table).toContain('**Failed**: Error: died');
    expect(table).not.toContain('at there');
  });
});
