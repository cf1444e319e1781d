import { describe, expect, it } from 'vitest';
import { CHECK_CASES } from '../../bench/check/cases.js';
import { readOptions, UsageError } from '../../bench/options.js';

describe('the command line of the bench', () => {
  it('picks workloads and systems by name', () => {
    const options = readOptions(['unary-64B-c64', 'ours-forward', '--live-heap', '40']);

    expect(options?.workloads.map(({ name }) => name)).toEqual(['unary-64B-c64']);
    expect(options?.systems.map(({ name }) => name)).toEqual(['ours-forward']);
    expect(options?.liveHeapMiB).toBe(40);
  });

  it('checks all that is guarded, or the workloads that are named', () => {
    const named = readOptions(['--check', 'stream-1KiB'])?.check;

    expect(readOptions(['--check'])?.check).toEqual({ cases: CHECK_CASES, record: false });
    expect(named?.cases.map(({ name }) => name)).toEqual(['stream-1KiB']);
    expect(readOptions(['--check', '--record'])?.check?.record).toBe(true);
    expect(readOptions([])?.check).toBeUndefined();
  });

  it.each([
    [['--live-heap', 'much'], '--live-heap must be a whole number, 0 or more, not "much"'],
    [['--live-heap', ''], '--live-heap must be a whole number'],
    [['--rounds', '0'], '--rounds must be a whole number, 1 or more, not "0"'],
    [['--fast'], "Unknown option '--fast'"],
    [['--record'], '--record goes with --check only'],
    [['--check', '--record', 'stream-1KiB'], '--record takes no names'],
    [['--check', '--quick'], '--quick does not go with --check'],
    [['--check', '--rounds', '3'], '--rounds does not go with --check'],
    [['--check', '--live-heap', '0'], '--live-heap does not go with --check'],
    [['--check', 'connect'], '--check does not have connect'],
    [['--check', 'ours-forward'], '--check does not have ours-forward'],
    [['unary-64B'], 'neither a workload nor a system: unary-64B'],
  ])('refuses %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(message);
  });
});
