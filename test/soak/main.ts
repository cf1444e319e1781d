import { churn } from './churn.js';
import { readOptions, UsageError } from './options.js';
import { HEAD, momentRows, summary } from './report.js';
import type { Moment } from './results.js';
import { soak } from './soak.js';
import { verdictOf } from './verdict.js';

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const wish = readOptions(process.argv.slice(2));
  const { json } = wish;
  process.stderr.write(`seed ${(wish.churn ?? wish.soak).seed}\n`);
  if (!json) print(HEAD);
  const onMoment = (moment: Moment): unknown => !json && print(momentRows(moment));
  const result = wish.churn ? await churn(wish.churn, onMoment) : await soak(wish.soak, onMoment);
  const faults = verdictOf(result);
  print(json ? JSON.stringify({ ...result, faults }) : summary(result, faults));
  if (faults.length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError ||
    (error as { code?: string }).code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION';
  process.stderr.write(`${isUsage ? (error as Error).message : String((error as Error).stack)}\n`);
  process.exitCode = 2;
}
