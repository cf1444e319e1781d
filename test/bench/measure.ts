import { buildRecorded } from './check/recorded-build.js';
import { prepareGoPeer, type GoPeer } from './go-peer.js';
import { describeCommit, describeMachine } from './machine.js';
import { nodeOfMajor, OWN_NODE, type NodeRuntime } from './nodes.js';
import type { BenchOptions } from './options.js';
import { Profiles } from './profiles.js';
import type { BenchResults } from './results.js';
import { Runner, type RunnerSettings } from './runner.js';
import { TimePlan } from './time-plan.js';
import type { Workload } from './workloads/index.js';

const ROUND_MS = 500;
/** Long enough for a profile to mean something. */
const PROFILED_ROUND_MS = 2000;
/** What grpc-js needs to come up to speed. */
const WARM_UP_MS = 2000;
/** All that a quick run has time for. */
const QUICK_WARM_UP_MS = 700;

/** One Node beside one live heap, and the runner that measures it. */
interface Cell {
  readonly node: NodeRuntime;
  readonly liveHeapMiB: number;
  readonly runner: Runner;
}

/** What a run gives. */
export interface Measured {
  /** One for each Node and live heap. */
  readonly cells: BenchResults[];
  /** What went wrong. */
  readonly failures: string[];
}

/**
 * Measures the workloads of `options`, each in all cells before the next: cells that are compared
 * with each other lie close together in time.
 *
 * @param command - what to type to measure this again.
 */
export async function measure(
  options: BenchOptions,
  command: string,
  log: (line: string) => void,
): Promise<Measured> {
  const goPeer = await prepareGoPeer(options.quick);
  const go = typeof goPeer === 'string' ? undefined : goPeer;
  if (typeof goPeer === 'string') log(`without the systems in Go: ${goPeer}`);
  const profiles = options.profile ? new Profiles(go?.binary) : undefined;
  const build = options.at === undefined ? undefined : buildRecorded(options.at);
  const nodes =
    options.nodeMajors.length === 0
      ? [OWN_NODE]
      : await Promise.all(options.nodeMajors.map(nodeOfMajor));

  let plan: TimePlan | undefined;
  const common = {
    ...runnerSettings(options, go, (workload, rounds) => plan?.take(workload, rounds)),
    build,
    ...(profiles && { onRound: profiles.record.bind(profiles) }),
  };
  const cells = nodes.flatMap((node) =>
    options.liveHeapsMiB.map((liveHeapMiB): Cell => {
      const name = `Node ${node.version}, ${liveHeapMiB} MiB: `;
      const prefix = nodes.length * options.liveHeapsMiB.length > 1 ? name : '';
      const logOfCell = (line: string): void => log(prefix + line);
      const settings = { ...common, liveHeapMiB, node: node.path, log: logOfCell };
      return { node, liveHeapMiB, runner: new Runner(settings) };
    }),
  );
  if (options.quick) {
    plan = new TimePlan(options.workloads, (workload) => cells[0]!.runner.roundsInAll(workload));
  }
  try {
    for (const workload of options.workloads) {
      for (const { runner } of cells) {
        if (plan?.isOver) runner.skip(workload, 'no time was left for it in a quick run');
        else await runner.run(workload);
      }
    }
  } finally {
    await Promise.all(cells.map(({ runner }) => runner.close()));
  }
  if (profiles) log(await profiles.summary());
  const at = new Date().toISOString();
  const commit = build?.commit ?? describeCommit();
  return {
    cells: cells.map(({ node, liveHeapMiB, runner }) => ({
      schema: 1,
      at,
      commit,
      command,
      quick: options.quick,
      liveHeapMiB,
      machine: describeMachine(go?.version, node.version),
      measurements: runner.measurements,
      skipped: runner.skipped,
    })),
    failures: cells.flatMap(({ runner }) => runner.failures),
  };
}

/** What is the same in all cells. */
function runnerSettings(
  { systems, rounds, roundMs, quick, profile }: BenchOptions,
  go: GoPeer | undefined,
  planned: (workload: Workload, rounds: number) => number | undefined,
): Omit<RunnerSettings, 'liveHeapMiB' | 'node' | 'log'> {
  return {
    systems: systems.filter(({ runtime }) => runtime === 'node' || go !== undefined),
    roundsOf: (workload) =>
      (quick && workload.quickRun?.rounds) || Math.min(rounds, workload.rounds ?? Infinity),
    msOf: (workload, count) =>
      planned(workload, count) ??
      roundMs ??
      (profile ? PROFILED_ROUND_MS : (workload.roundMs ?? ROUND_MS)),
    warmUpMs: quick ? QUICK_WARM_UP_MS : WARM_UP_MS,
    keepProcesses: quick,
    goPeer: go?.binary,
  };
}
