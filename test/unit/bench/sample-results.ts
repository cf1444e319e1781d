import type { BenchResults, Measurement } from '../../bench/results.js';

/** Results of a run with the given measurements; what they leave out does not matter to a test. */
export function resultsOf(...measurements: Partial<Measurement>[]): BenchResults {
  return {
    schema: 1,
    at: '2025-01-01T00:00:00.000Z',
    commit: '0123abc',
    command: 'npm run bench',
    quick: false,
    machine: { cpu: 'none', cores: 2, memoryGiB: 8, os: 'none', node: 'v24.0.0' },
    measurements: measurements.map(measurementOf),
    skipped: [],
  };
}

/** Results of one Node beside one live heap. */
export function cellOf(
  node: string,
  liveHeapMiB: number,
  ...measurements: Partial<Measurement>[]
): BenchResults {
  const results = resultsOf(...measurements);
  return { ...results, liveHeapMiB, machine: { ...results.machine, node } };
}

function measurementOf(given: Partial<Measurement>): Measurement {
  const median = given.median ?? 100;
  return {
    workload: 'unary',
    system: 'plain',
    metric: 'calls',
    unit: 'calls/s',
    better: 'higher',
    primary: true,
    median,
    min: median,
    max: median,
    rounds: 5,
    ...given,
  };
}
