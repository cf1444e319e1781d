import { readFile } from 'node:fs/promises';
import { runCheck } from './check/run-check.js';
import { runRecord } from './check/run-record.js';
import { prepareGoPeer } from './go-peer.js';
import { describeCommit, describeMachine } from './machine.js';
import { readOptions, USAGE, UsageError, type BenchOptions, type CheckOptions } from './options.js';
import { Profiles } from './profiles.js';
import { drawCharts, publish, save } from './publish.js';
import { ratiosOf } from './report/ratios.js';
import { formatTable } from './report/table.js';
import type { BenchResults } from './results.js';
import { Runner } from './runner.js';
import { TimePlan } from './time-plan.js';

const ROUND_MS = 500;
/** Long enough for a profile to mean something. */
const PROFILED_ROUND_MS = 2000;
/** What grpc-js needs to come up to speed. */
const WARM_UP_MS = 2000;
/** All that a quick run has time for. */
const QUICK_WARM_UP_MS = 700;

const log = (line: string): void => console.error(line);

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const options = readOptions(args);
  if (options === undefined) {
    console.log(USAGE);
    return;
  }
  if (options.check) return check(options.check);
  const command = ['npm run bench --', ...args.filter((arg) => arg !== '--docs')].join(' ');
  const results = options.from ? await read(options.from) : await measure(options, command);
  if (options.docs) await publish(results);
  if (options.json) console.log(JSON.stringify(ratiosOf(results)));
  else console.log(formatTable(results));
}

async function check({ cases, record }: CheckOptions): Promise<void> {
  const nodeMajor = process.versions.node.split('.')[0]!;
  if (record) return runRecord(cases, nodeMajor, log);
  const failures = await runCheck(cases, nodeMajor, log);
  for (const failure of failures) log(`FAILED: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}

async function read(file: string): Promise<BenchResults> {
  return JSON.parse(await readFile(file, 'utf8')) as BenchResults;
}

async function measure(options: BenchOptions, command: string): Promise<BenchResults> {
  const goPeer = await prepareGoPeer(options.quick);
  const go = typeof goPeer === 'string' ? undefined : goPeer;
  if (typeof goPeer === 'string') log(`without the systems in Go: ${goPeer}`);
  const systems = options.systems.filter(({ runtime }) => runtime === 'node' || go !== undefined);

  const profiles = options.profile ? new Profiles(go?.binary) : undefined;
  let plan: TimePlan | undefined;
  const runner = new Runner({
    systems,
    roundsOf: ({ quickRun }) => (options.quick && quickRun?.rounds) || options.rounds,
    msOf: (workload, rounds) =>
      plan?.take(workload, rounds) ??
      options.roundMs ??
      (options.profile ? PROFILED_ROUND_MS : (workload.roundMs ?? ROUND_MS)),
    warmUpMs: options.quick ? QUICK_WARM_UP_MS : WARM_UP_MS,
    keepProcesses: options.quick,
    liveHeapMiB: options.liveHeapMiB,
    goPeer: go?.binary,
    ...(profiles && { onRound: profiles.record.bind(profiles) }),
    log,
  });
  if (options.quick) {
    plan = new TimePlan(options.workloads, (workload) => runner.roundsInAll(workload));
  }
  try {
    for (const workload of options.workloads) {
      if (plan?.isOver) runner.skip(workload, 'no time was left for it in a quick run');
      else await runner.run(workload);
    }
  } finally {
    await runner.close();
  }
  for (const failure of runner.failures) log(`FAILED: ${failure}`);
  if (runner.failures.length > 0) process.exitCode = 1;
  const results: BenchResults = {
    schema: 1,
    at: new Date().toISOString(),
    commit: describeCommit(),
    command,
    quick: options.quick,
    liveHeapMiB: options.liveHeapMiB,
    machine: describeMachine(go?.version),
    measurements: runner.measurements,
    skipped: runner.skipped,
  };
  await save(results);
  await drawCharts(results, 'bench-results/charts');
  if (profiles) log(await profiles.summary());
  return results;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
