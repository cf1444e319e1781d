import { describe, expect, it } from 'vitest';
import { CHECK_CASES } from '../../bench/check/cases.js';
import recorded from '../../bench/check/recorded-ratios.json' with { type: 'json' };

describe('what the check of the bench guards', () => {
  it.each(CHECK_CASES)('$name: needs nothing but Node', ({ ours, rival }) => {
    for (const { system, workload } of [ours, rival]) {
      expect(system.runtime).toBe('node');
      expect(system.fragile).toBeUndefined();
      expect(workload.systems).toContain(system.name);
      expect(workload.metrics.map(({ metric }) => metric)).toContain('cpu');
    }
  });

  it.each(Object.entries(recorded))('is recorded as a whole on Node %s', (_major, { ratios }) => {
    expect(Object.keys(ratios)).toEqual(CHECK_CASES.map(({ name }) => name));
    for (const ratio of Object.values(ratios)) expect(ratio).toBeGreaterThan(0);
  });
});
