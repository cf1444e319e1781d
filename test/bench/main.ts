import { readFile } from 'node:fs/promises';
import { runCounts } from './check/counts/index.js';
import { ofBuild, type Contender } from './check/contender.js';
import { buildRecorded } from './check/recorded-build.js';
import { readRecord } from './check/recorded-ratios.js';
import { runCheck } from './check/run-check.js';
import { runRecord } from './check/run-record.js';
import { measure } from './measure.js';
import { majorOf } from './nodes.js';
import { readOptions, USAGE, UsageError, type BenchOptions, type CheckOptions } from './options.js';
import { drawCharts, publish, publishMatrix, save } from './publish.js';
import { formatMatrix } from './report/matrix/index.js';
import { ratiosOf } from './report/ratios.js';
import { formatTable } from './report/table.js';
import { cellsOf, type BenchMatrix, type BenchResults } from './results.js';
import { formatTargets, isBroken, judgeTargets, TARGETS } from './targets/index.js';

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
  const results = options.from ? await read(options.from) : await run(options, command);
  if (options.docs) await ('cells' in results ? publishMatrix(results) : publish(results));
  if (options.targets) judge(results);
  else if (options.json) console.log(JSON.stringify(jsonOf(results)));
  else console.log('cells' in results ? formatMatrix(results.cells) : formatTable(results));
}

async function check({ cases, countCases, record, at }: CheckOptions): Promise<void> {
  const nodeMajor = String(majorOf(process.version));
  if (record) return runRecord(cases, countCases, nodeMajor, log);
  const recorded = await readRecord(nodeMajor);
  const build = at === undefined ? undefined : buildRecorded(at);
  const judged = <Case extends { ours: Contender }>(all: readonly Case[]): readonly Case[] =>
    build === undefined ? all : all.map((checked) => ofBuild(checked, build));
  fail(await runCheck(judged(cases), recorded, log));
  fail(await runCounts(judged(countCases), recorded, log));
}

async function read(file: string): Promise<BenchResults | BenchMatrix> {
  return JSON.parse(await readFile(file, 'utf8')) as BenchResults | BenchMatrix;
}

async function run(options: BenchOptions, command: string): Promise<BenchResults | BenchMatrix> {
  const { cells, failures } = await measure(options, command, log);
  fail(failures);
  const [first] = cells as [BenchResults];
  const { schema, at, commit } = first;
  const results = cells.length === 1 ? first : { schema, at, commit, command, cells };
  await save(results);
  if (cells.length === 1) await drawCharts(first, 'bench-results/charts');
  return results;
}

function judge(results: BenchResults | BenchMatrix): void {
  const judged = judgeTargets(TARGETS, cellsOf(results));
  console.log(formatTargets(judged));
  fail(judged.filter(isBroken).map(({ target }) => `${target.workload}: ${target.metric}`));
}

function jsonOf(results: BenchResults | BenchMatrix): object {
  if (!('cells' in results)) return ratiosOf(results);
  return {
    cells: results.cells.map((cell) => ({
      node: cell.machine.node,
      liveHeapMiB: cell.liveHeapMiB,
      ...ratiosOf(cell),
    })),
  };
}

function fail(failures: readonly string[]): void {
  for (const failure of failures) log(`FAILED: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
