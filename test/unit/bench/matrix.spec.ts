import { describe, expect, it } from 'vitest';
import { formatMatrix, matrixMarkdown } from '../../bench/report/matrix/index.js';
import type { BenchResults, Measurement } from '../../bench/results.js';
import { cellOf } from './sample-results.js';

const RATE = { workload: 'stream', metric: 'rate', unit: 'MiB/s' };
const CPU = { workload: 'stream', metric: 'cpu', unit: 'µs/message', primary: false };
const COLLECTIONS = {
  workload: 'stream',
  metric: 'mark-compacts',
  unit: 'per GiB',
  primary: false,
};
const ALLOCATED = {
  workload: 'stream',
  metric: 'allocated',
  unit: 'bytes/message',
  primary: false,
};

interface Reached {
  rate: number;
  cpu: number;
  collections?: number;
}

function reached(system: string, { rate, cpu, collections }: Reached): Partial<Measurement>[] {
  return [
    { ...RATE, system, median: rate },
    { ...CPU, system, median: cpu },
    { ...ALLOCATED, system, median: 1 },
    ...(collections === undefined ? [] : [{ ...COLLECTIONS, system, median: collections }]),
  ];
}

function stream(node: string, liveHeapMiB: number, ours: Reached, go: Reached): BenchResults {
  return cellOf(
    node,
    liveHeapMiB,
    ...reached('ours-backchannel', ours),
    ...reached('go-backchannel', go),
  );
}

const CELLS = [
  stream('v20.1.0', 0, { rate: 300, cpu: 200, collections: 24 }, { rate: 600, cpu: 100 }),
  stream('v20.1.0', 40, { rate: 900, cpu: 50, collections: 0 }, { rate: 600, cpu: 100 }),
  stream('v24.2.0', 40, { rate: 100, cpu: 400, collections: 15 }, { rate: 500, cpu: 100 }),
];

describe('the tables of a matrix', () => {
  it('compare rate and CPU of each cell with Go, and show the spread over heaps of a Node', () => {
    expect(formatMatrix(CELLS)).toBe(
      [
        'stream',
        '              ours-backchannel                        go-backchannel',
        'Node     MiB              rate    cpu  mark-compacts           MiB/s  µs/message',
        '────────────────────────────────────────────────────────────────────────────────',
        '20         0             0.500   2.00           24.0             600         100',
        '20        40              1.50  0.500              0             600         100',
        '20    spread              3.00   4.00',
        '24        40             0.200   4.00           15.0             500         100',
        '',
      ].join('\n'),
    );
  });

  it('compare with a bare socket where it takes part; Go, which has no such heap, tells the spread', () => {
    const cells = [10, 20].map((liveHeapMiB) =>
      cellOf(
        'v20.1.0',
        liveHeapMiB,
        { ...RATE, system: 'ours-yamux', median: liveHeapMiB },
        { ...RATE, system: 'socket', median: 10 * liveHeapMiB },
        { ...RATE, system: 'go-yamux', median: 5 },
      ),
    );

    const lines = formatMatrix(cells).split('\n');

    expect(lines[4]!.split(/\s+/)).toEqual(['20', '10', '0.100', '0.0500', '100']);
    expect(lines[6]!.split(/\s+/)).toEqual(['20', 'spread', '2.00', '2.00']);
  });

  it('show the spread of the values themselves without Go, and a dash where nothing was measured', () => {
    const cells = [
      cellOf('v20.1.0', 0, { ...RATE, system: 'grpc-js-plain', median: 10 }),
      cellOf(
        'v20.1.0',
        40,
        { ...RATE, system: 'grpc-js-plain', median: 20 },
        { ...RATE, system: 'ours-backchannel', median: 40 },
      ),
    ];

    const lines = formatMatrix(cells).split('\n');

    expect(lines.slice(4, 6).map((line) => line.split(/\s+/))).toEqual([
      ['20', '0', '–', '10.0'],
      ['20', '40', '2.00', '20.0'],
    ]);
  });

  it('name what was skipped, with its cell', () => {
    const [first] = CELLS;
    const skipped = [{ workload: 'stream', system: 'yamux-js', reason: 'it died' }];

    expect(formatMatrix([{ ...first!, skipped }])).toContain(
      'skipped\n  Node v20.1.0, 0 MiB: stream, yamux-js: it died\n',
    );
  });

  it('are markdown for the documentation', () => {
    const markdown = matrixMarkdown(CELLS);

    expect(markdown).toMatch(/^#### stream\n\n\| Node +\| live heap, MiB \|/);
    expect(markdown).toContain('ours-backchannel: mark-compacts');
    expect(markdown).toMatch(/\| 20 +\| +spread \| +3.00 \| +4.00 \|/);
  });
});
