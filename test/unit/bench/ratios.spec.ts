import { describe, expect, it } from 'vitest';
import { ratiosOf } from '../../bench/report/ratios.js';
import { resultsOf } from './sample-results.js';

describe('the ratios of a run', () => {
  it('have three significant digits, by workload and system', () => {
    const results = resultsOf(
      { workload: 'one', system: 'plain', ratio: 1 },
      { workload: 'one', system: 'ours', ratio: 4.8765 },
      { workload: 'two', system: 'ours', ratio: 0.012345 },
    );

    expect(ratiosOf(results).ratios).toEqual({
      one: { plain: 1, ours: 4.88 },
      two: { ours: 0.0123 },
    });
  });

  it('name a second primary metric after its workload, and know no other metric', () => {
    const results = resultsOf(
      { metric: 'cpu', primary: false, ratio: 7 },
      { metric: 'p50', ratio: 2 },
      { metric: 'p99', ratio: 3 },
    );

    expect(ratiosOf(results).ratios).toEqual({ unary: { plain: 2 }, 'unary-p99': { plain: 3 } });
  });

  it('leave out what has none', () => {
    const results = resultsOf(
      { workload: 'one', system: 'plain', ratio: 1 },
      { workload: 'one', system: 'ours' },
      { workload: 'two', system: 'ours' },
    );

    expect(ratiosOf(results).ratios).toEqual({ one: { plain: 1 } });
  });
});
