import { describe, expect, it } from 'vitest';
import { CHECK_CASES } from '../../bench/check/cases.js';
import { COUNT_CASES } from '../../bench/check/counts/index.js';
import { readOptions, UsageError } from '../../bench/options.js';
import { MATRIX_SYSTEMS, SYSTEMS } from '../../bench/systems.js';
import { ALL_WORKLOADS, WORKLOADS } from '../../bench/workloads/index.js';

describe('the command line of the bench', () => {
  it('picks workloads and systems by name', () => {
    const options = readOptions(['unary-64B-c64', 'ours-forward', '--live-heap', '40']);

    expect(options?.workloads.map(({ name }) => name)).toEqual(['unary-64B-c64']);
    expect(options?.systems.map(({ name }) => name)).toEqual(['ours-forward']);
    expect(options?.liveHeapsMiB).toEqual([40]);
  });

  it('measures one cell without names of Nodes and heaps, on the Node that is running', () => {
    const options = readOptions([]);

    expect(options?.liveHeapsMiB).toEqual([0]);
    expect(options?.nodeMajors).toEqual([]);
    expect(options?.systems).toEqual(SYSTEMS);
    expect(options?.workloads).toEqual(WORKLOADS);
  });

  it('measures a matrix with all workloads, and the systems that targets are about', () => {
    const options = readOptions(['--live-heap', '0,40,200', '--nodes', '20,22,24,26']);

    expect(options?.liveHeapsMiB).toEqual([0, 40, 200]);
    expect(options?.nodeMajors).toEqual([20, 22, 24, 26]);
    expect(options?.systems).toEqual(MATRIX_SYSTEMS);
    expect(options?.workloads).toEqual(ALL_WORKLOADS);
  });

  it('measures all systems on one Node that is named', () => {
    const options = readOptions(['--nodes', '24', 'connect']);

    expect(options?.systems).toEqual(SYSTEMS);
  });

  it('checks all that is guarded, or the workloads that are named', () => {
    const named = readOptions(['--check', 'stream-1KiB'])?.check;

    expect(readOptions(['--check'])?.check).toEqual({
      cases: CHECK_CASES,
      countCases: COUNT_CASES,
      record: false,
      at: undefined,
    });
    expect(named?.cases.map(({ name }) => name)).toEqual(['stream-1KiB']);
    expect(named?.countCases).toEqual([]);
    expect(readOptions(['--check', 'mux-64KiB-x1'])?.check?.countCases).toEqual(COUNT_CASES);
    expect(readOptions(['--check', '--at', 'HEAD^'])?.check?.at).toBe('HEAD^');
    expect(readOptions(['--check', '--record'])?.check?.record).toBe(true);
    expect(readOptions([])?.check).toBeUndefined();
  });

  it.each([
    [['--live-heap', 'much'], '--live-heap must be a whole number, 0 or more, not "much"'],
    [['--live-heap', ''], '--live-heap must be a whole number'],
    [['--live-heap', '0,'], '--live-heap must be a whole number, 0 or more, not ""'],
    [['--live-heap', '0,40,0'], '--live-heap has 0 twice'],
    [['--nodes', '20,latest'], '--nodes must be a whole number, 1 or more, not "latest"'],
    [['--nodes', '24,24'], '--nodes has 24 twice'],
    [['--nodes', '20,24', '--quick'], '--quick takes one Node and one live heap'],
    [['--live-heap', '0,40', '--profile'], '--profile takes one Node and one live heap'],
    [['--from', 'matrix.json', '--nodes', '24'], '--nodes does not go with --from'],
    [['--from', 'matrix.json', '--live-heap', '0'], '--live-heap does not go with --from'],
    [['--from', 'latest.json', 'connect'], '--from takes no names'],
    [['--targets', '--json'], '--json does not go with --targets'],
    [['--check', '--nodes', '24'], '--nodes does not go with --check'],
    [['--check', '--targets'], '--targets does not go with --check'],
    [['--rounds', '0'], '--rounds must be a whole number, 1 or more, not "0"'],
    [['--fast'], "Unknown option '--fast'"],
    [['--record'], '--record goes with --check only'],
    [['--check', '--record', 'stream-1KiB'], '--record takes no names'],
    [['--check', '--record', '--at', 'HEAD^'], '--at does not go with --record'],
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
