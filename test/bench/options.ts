import { parseArgs } from 'node:util';
import { CHECK_CASES, type CheckCase } from './check/cases.js';
import { COUNT_CASES, type CountCase } from './check/counts/index.js';
import { MATRIX_SYSTEMS, SYSTEMS, type System } from './systems.js';
import { ALL_WORKLOADS, GRPC_WORKLOADS, WORKLOADS, type Workload } from './workloads/index.js';

/** The command line cannot be understood. */
export class UsageError extends Error {}

/** What a run is to do. */
export interface BenchOptions {
  workloads: readonly Workload[];
  systems: readonly System[];
  rounds: number;
  /** Milliseconds of every round, if it was said; a quick run makes them as long as it has time for. */
  roundMs: number | undefined;
  /** MiB of live objects in each process in JavaScript, one cell of the matrix for each. */
  liveHeapsMiB: readonly number[];
  /** Major versions of Node, one cell for each; empty: the Node that runs the bench. */
  nodeMajors: readonly number[];
  /** A commit whose library is measured in place of the one here. */
  at: string | undefined;
  /** Whether the targets are judged in place of printing all measurements. */
  targets: boolean;
  quick: boolean;
  json: boolean;
  profile: boolean;
  docs: boolean;
  /** A file of results, to show in place of new ones. */
  from: string | undefined;
  /** Set to judge CPU time in place of measuring everything; then nothing else matters. */
  check: CheckOptions | undefined;
}

/** Options of a check. */
export interface CheckOptions {
  cases: readonly CheckCase[];
  countCases: readonly CountCase[];
  /** Whether it writes the ratios that others are judged by. */
  record: boolean;
  /** A commit whose library is judged in place of the one here. */
  at: string | undefined;
}

export const USAGE = `Usage: npm run bench -- [options] [workload ...] [system ...]

  --quick         few and short rounds, 50 s in all; leaves the workloads without gRPC out
  --json          print nothing on stdout but the ratios to the baseline, as one JSON object
  --rounds N      rounds of each system and workload (7)
  --ms N          milliseconds of a round (500, more on a long link)
  --live-heap L   MiB of live objects in each process in JavaScript (0)
  --nodes L       major versions of Node, from the registry of npm (the one that is running)
                  L is a list: 0,40,200. More than one pair of Node and heap is a matrix: cells of
                  each workload are measured one after the other, with the systems that targets are
                  about, and compared with Go's
  --targets       judge the targets by what was measured; with --from, by an earlier run
  --at COMMIT     measure the library of a commit, with the bench as it is here
  --profile       one round of each, profiled: prints where both processes spent their time
  --docs          write table and charts into docs/performance.md
  --from FILE     measure nothing; take the results of an earlier run
  --check         judge CPU time by the recorded ratios to rivals in JavaScript, within two minutes,
                  and collections of the whole heap by the recorded counts, in half a minute;
                  where one is exceeded, beside the recorded commit, in two more;
                  takes no other option than --record and --at, and no system
  --record        with --check: judge nothing, write the ratios that are measured, and the commit
  --help

Exit code: 0; 1 if a system failed, a target that allows no exception is not met, or --check found
CPU time or collections beyond their bound; 2 for wrong usage.

Workloads: ${ALL_WORKLOADS.map(({ name }) => name).join(', ')}
Of those, --check has: ${CHECK_CASES.map(({ name }) => name).join(', ')}
Systems:   ${SYSTEMS.map(({ name }) => name).join(', ')}`;

/**
 * Reads the command line.
 *
 * @returns undefined if it asks for help.
 * @throws UsageError naming what is wrong with it.
 */
export function readOptions(args: string[]): BenchOptions | undefined {
  const { values, positionals } = parsed(args);
  if (values.help) return undefined;
  const { quick, json, profile, docs, targets } = values;
  const picks = picked(positionals);
  const fewRounds = profile ? 1 : quick ? 3 : 7;
  const liveHeapsMiB = list('live-heap', values['live-heap'] ?? '0', 0);
  const nodeMajors = values.nodes === undefined ? [] : list('nodes', values.nodes);
  const isMatrix = liveHeapsMiB.length * Math.max(1, nodeMajors.length) > 1;
  refuseConflicts(values, positionals, isMatrix);
  return {
    quick,
    json,
    profile,
    docs,
    targets,
    at: values.at,
    from: values.from,
    check: checkOf(values, positionals),
    rounds: values.rounds === undefined ? fewRounds : count('rounds', values.rounds),
    roundMs: values.ms === undefined ? undefined : count('ms', values.ms),
    liveHeapsMiB,
    nodeMajors,
    workloads: picks.workloads.length > 0 ? picks.workloads : allWorkloads(quick, isMatrix),
    systems: picks.systems.length > 0 ? picks.systems : isMatrix ? MATRIX_SYSTEMS : SYSTEMS,
  };
}

function allWorkloads(quick: boolean, isMatrix: boolean): readonly Workload[] {
  if (isMatrix) return ALL_WORKLOADS;
  return quick ? GRPC_WORKLOADS : WORKLOADS;
}

/** Options that say how something is measured; `--from` measures nothing. */
const MEASURING = ['quick', 'rounds', 'ms', 'live-heap', 'nodes', 'at', 'profile'] as const;
/** They are for one Node and one heap. */
const NOT_OF_A_MATRIX = ['quick', 'profile'] as const;

function refuseConflicts(
  values: ReturnType<typeof parsed>['values'],
  names: string[],
  isMatrix: boolean,
): void {
  const given = (name: (typeof MEASURING)[number]): boolean =>
    values[name] !== undefined && values[name] !== false;
  if (values.from !== undefined) {
    const conflict = MEASURING.find(given);
    if (conflict) throw new UsageError(`--${conflict} does not go with --from`);
    if (names.length > 0) throw new UsageError('--from takes no names: it shows all of a run');
  }
  if (isMatrix) {
    const conflict = NOT_OF_A_MATRIX.find(given);
    if (conflict) throw new UsageError(`--${conflict} takes one Node and one live heap`);
  }
  if (values.targets && values.json) throw new UsageError('--json does not go with --targets');
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        ms: { type: 'string' },
        'live-heap': { type: 'string' },
        nodes: { type: 'string' },
        at: { type: 'string' },
        targets: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        docs: { type: 'boolean', default: false },
        from: { type: 'string' },
        check: { type: 'boolean', default: false },
        record: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function checkOf(
  values: ReturnType<typeof parsed>['values'],
  names: string[],
): CheckOptions | undefined {
  const { check, record, at, ...others } = values;
  if (!check) {
    if (record) throw new UsageError('--record goes with --check only');
    return undefined;
  }
  const given = Object.entries(others).find(([, value]) => value !== undefined && value !== false);
  if (given) throw new UsageError(`--${given[0]} does not go with --check`);
  const unchecked = names.find((name) => !CHECK_CASES.some((checked) => checked.name === name));
  if (unchecked !== undefined) throw new UsageError(`--check does not have ${unchecked}`);
  if (record && names.length > 0) {
    throw new UsageError('--record takes no names: it records all workloads of one commit');
  }
  if (record && at !== undefined) throw new UsageError('--at does not go with --record');
  if (names.length === 0) return { cases: CHECK_CASES, countCases: COUNT_CASES, record, at };
  return {
    cases: CHECK_CASES.filter(({ name }) => names.includes(name)),
    countCases: COUNT_CASES.filter(({ ours }) => names.includes(ours.workload.name)),
    record,
    at,
  };
}

function picked(names: string[]): { workloads: Workload[]; systems: System[] } {
  const workloads = ALL_WORKLOADS.filter(({ name }) => names.includes(name));
  const systems = SYSTEMS.filter(({ name }) => names.includes(name));
  const known = new Set([...workloads, ...systems].map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new UsageError(`neither a workload nor a system: ${unknown.join(', ')}\n\n${USAGE}`);
  }
  return { workloads, systems };
}

/** Whole numbers with commas between them, none of them twice. */
function list(name: string, text: string, least = 1): number[] {
  const numbers = text.split(',').map((part) => count(name, part, least));
  const twice = numbers.find((number, index) => numbers.indexOf(number) !== index);
  if (twice !== undefined) throw new UsageError(`--${name} has ${twice} twice`);
  return numbers;
}

function count(name: string, text: string, least = 1): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isInteger(number) || number < least) {
    throw new UsageError(`--${name} must be a whole number, ${least} or more, not "${text}"`);
  }
  return number;
}
