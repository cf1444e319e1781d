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

  it('names the figure that is beyond its bound, and the bound', () => {
    const bounds = [
      { what: 'handlers at once', seen: 11, most: 10 },
      { what: 'newcomers served', seen: 9, least: 10 },
    ];

    expect(faultsOf(resultOf({ rows: [{ ...ROW, bounds }] }))).toEqual([
      'some, pings: handlers at once: 11, at most 10',
      'some, pings: newcomers served: 9, at least 10',
    ]);
  });

  it('has nothing to say of figures that are as far as they may be', () => {
    const bounds = [
      { what: 'handlers at once', seen: 10, most: 10 },
      { what: 'newcomers served', seen: 10, least: 10 },
    ];

    expect(faultsOf(resultOf({ rows: [{ ...ROW, bounds }] }))).toEqual([]);
  });

  it('has nothing to say of what engine grpc-js did beside ours', () => {
    const grpcJs = { lost: 7, memory: { boundMiB: 48, peakMiB: 900 } };
    const rows = [
      { ...ROW, grpcJs },
      { ...ROW, grpcJs: { lost: 0, failure: 'died' } },
    ];

    expect(faultsOf(resultOf({ rows }))).toEqual([]);
  });

  it('names the row that has failed', () => {
    const rows = [{ ...ROW, failure: 'the process died' }];

    expect(faultsOf(resultOf({ rows }))).toEqual(['some, pings: the process died']);
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

  it('have both engines one above the other where they are compared', () => {
    const ours = { cpuPercent: 24.4, attacker: { connections: 3, cut: 2 }, note: '9 KiB sent' };
    const bounds = [{ what: 'bytes back', seen: 1234, most: 2000 }];
    const grpcJs = { lost: 7, memory: { boundMiB: 48, peakMiB: 900 }, bounds };
    const rows = [{ ...ROW, ...ours, bounds, grpcJs }];

    const lines = markdownTables(resultOf({ rows })).split('\n');

    expect(lines.slice(-2)).toEqual([
      '| pings: 100 frames | built-in | 0 | 12.3 (48) | 1.2 | 123 | 24 | 2 of 3 | bytes back: 1,234 (at most 2000); 9 KiB sent |',
      '|  | grpc-js | 7 | 900 |  |  |  |  | bytes back: 1,234 |',
    ]);
  });

  it('say that a process with engine grpc-js died', () => {
    const rows = [{ ...ROW, grpcJs: { lost: 0, failure: 'it died (SIGABRT)\n  at there' } }];

    const lines = markdownTables(resultOf({ rows })).split('\n');

    expect(lines.at(-1)).toBe('|  | grpc-js |  |  |  |  |  |  | it died (SIGABRT) |');
  });

  it('say what failed, without its stack', () => {
    const table = markdownTables(resultOf({ rows: [], failure: 'Error: died\n    at there' }));

    expect(table).toContain('**Failed**: Error: died');
    expect(table).not.toContain('at there');
  });
});
