import { parseArgs } from 'node:util';
import { CHECK_CASES, type CheckCase } from './check/cases.js';
import { SYSTEMS, type System } from './systems.js';
import { GRPC_WORKLOADS, WORKLOADS, type Workload } from './workloads/index.js';

/** The command line cannot be understood. */
export class UsageError extends Error {}

/** What a run is to do. */
export interface BenchOptions {
  workloads: readonly Workload[];
  systems: readonly System[];
  rounds: number;
  /** Milliseconds of every round, if it was said; a quick run makes them as long as it has time for. */
  roundMs: number | undefined;
  /** MiB of live objects in each process in JavaScript. */
  liveHeapMiB: number;
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
  /** Whether it writes the ratios that others are judged by. */
  record: boolean;
}

export const USAGE = `Usage: npm run bench -- [options] [workload ...] [system ...]

  --quick         few and short rounds, 50 s in all; leaves the workloads without gRPC out
  --json          print nothing on stdout but the ratios to the baseline, as one JSON object
  --rounds N      rounds of each system and workload (7)
  --ms N          milliseconds of a round (500, more on a long link)
  --live-heap N   MiB of live objects in each process in JavaScript (0)
  --profile       one round of each, profiled: prints where both processes spent their time
  --docs          write table and charts into docs/performance.md
  --from FILE     measure nothing; take the results of an earlier run
  --check         judge CPU time by the recorded ratios to rivals in JavaScript, within two minutes;
                  where one is exceeded, beside the recorded commit, in two more;
                  takes no other option than --record, and no system
  --record        with --check: judge nothing, write the ratios that are measured, and the commit
  --help

Exit code: 0; 1 if a system failed or --check found CPU time beyond its bound; 2 for wrong usage.

Workloads: ${WORKLOADS.map(({ name }) => name).join(', ')}
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
  const { quick, json, profile, docs } = values;
  const picks = picked(positionals);
  const fewRounds = profile ? 1 : quick ? 3 : 7;
  return {
    quick,
    json,
    profile,
    docs,
    from: values.from,
    check: checkOf(values, positionals),
    rounds: values.rounds === undefined ? fewRounds : count('rounds', values.rounds),
    roundMs: values.ms === undefined ? undefined : count('ms', values.ms),
    liveHeapMiB: count('live-heap', values['live-heap'] ?? '0', 0),
    workloads: picks.workloads.length > 0 ? picks.workloads : quick ? GRPC_WORKLOADS : WORKLOADS,
    systems: picks.systems.length > 0 ? picks.systems : SYSTEMS,
  };
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
  const { check, record, ...others } = values;
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
  const cases = CHECK_CASES.filter(({ name }) => names.includes(name));
  return { cases: cases.length > 0 ? cases : CHECK_CASES, record };
}

function picked(names: string[]): { workloads: Workload[]; systems: System[] } {
  const workloads = WORKLOADS.filter(({ name }) => names.includes(name));
  const systems = SYSTEMS.filter(({ name }) => names.includes(name));
  const known = new Set([...workloads, ...systems].map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new UsageError(`neither a workload nor a system: ${unknown.join(', ')}\n\n${USAGE}`);
  }
  return { workloads, systems };
}

function count(name: string, text: string, least = 1): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isInteger(number) || number < least) {
    throw new UsageError(`--${name} must be a whole number, ${least} or more, not "${text}"`);
  }
  return number;
}
