import { setTimeout as sleep } from 'node:timers/promises';
import { readOptions, usage, UsageError, type CostOptions } from './options.js';
import { runCost } from './run-cost.js';

/** `npm run fuzz:cost`: ends with 1 if a promise was broken, with 2 if the command line is wrong. */
async function main(): Promise<number> {
  let options: CostOptions | undefined;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(`${usage()}\n`);
    return 0;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const isKept = await runCost(options, (line) => process.stdout.write(`${line}\n`), stop.signal);
  return isKept ? 0 : 1;
}

const code = await main();
await sleep(10); // What was said last has to be written.
process.exit(code);
