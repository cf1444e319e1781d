import { describeCommit, describeMachine } from '../bench/machine.js';
import { readOptions, usage, UsageError, type ReliabilityOptions } from './options.js';
import { publish, save } from './publish.js';
import { faultsOf, type ReliabilityResults, type ScenarioResult } from './results.js';
import type { ReliabilityScenario } from './scenario.js';
import { SCENARIOS } from './scenarios.js';
import { markdownTables } from './tables.js';

const log = (line: string): void => void process.stderr.write(`${line}\n`);
/** Resolves when it is written: the process ends right behind the last one. */
const say = (text: string): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${text}\n`, () => resolve()));

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const options = readOptions(args, SCENARIOS);
  if (options === undefined) {
    return say(usage(SCENARIOS));
  }
  const command = ['npm run reliability', ...args.filter((arg) => arg !== '--docs')].join(' ');
  const results = await tryAll(options, command.replace('reliability ', 'reliability -- '));
  await save(results);
  if (options.docs) await publish(results);
  await say(markdownTables(results));
  const faults = faultsOf(results);
  for (const fault of faults) log(`FAILED: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

async function tryAll(options: ReliabilityOptions, command: string): Promise<ReliabilityResults> {
  const scenarios: ScenarioResult[] = [];
  for (const scenario of options.scenarios) {
    log(`${scenario.name} ...`);
    const result = await tryOne(scenario, options.quick);
    log(`${scenario.name}: ${result.failure ?? 'done'}, ${result.seconds} s`);
    scenarios.push(result);
  }
  return {
    schema: 1,
    at: new Date().toISOString(),
    commit: describeCommit(),
    command,
    quick: options.quick,
    machine: describeMachine(undefined),
    scenarios,
  };
}

async function tryOne(scenario: ReliabilityScenario, quick: boolean): Promise<ScenarioResult> {
  const { name, title } = scenario;
  const startedAt = performance.now();
  const outcome = await scenario.run(quick).then(
    (rows) => ({ rows }),
    (error: Error) => ({ rows: [], failure: error.stack ?? error.message }),
  );
  return { name, title, seconds: Math.round((performance.now() - startedAt) / 1000), ...outcome };
}

try {
  await main();
} catch (error) {
  log(error instanceof UsageError ? error.message : String((error as Error).stack));
  process.exitCode = 1;
}
// What a scenario that failed left behind must not keep a run from its end.
process.exit();
