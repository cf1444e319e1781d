import { describe, expect, it } from 'vitest';
import { readOptions, UsageError } from '../../bench/options.js';

describe('the command line of the bench', () => {
  it('picks workloads and systems by name', () => {
    const options = readOptions(['unary-64B-c64', 'ours-forward', '--live-heap', '40']);

    expect(options?.workloads.map(({ name }) => name)).toEqual(['unary-64B-c64']);
    expect(options?.systems.map(({ name }) => name)).toEqual(['ours-forward']);
    expect(options?.liveHeapMiB).toBe(40);
  });

  it.each([
    [['--live-heap', 'much'], '--live-heap must be a whole number, 0 or more, not "much"'],
    [['--live-heap', ''], '--live-heap must be a whole number'],
    [['--rounds', '0'], '--rounds must be a whole number, 1 or more, not "0"'],
    [['--fast'], "Unknown option '--fast'"],
    [['unary-64B'], 'neither a workload nor a system: unary-64B'],
  ])('refuses %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(message);
  });
});
