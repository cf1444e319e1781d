import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

export const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

const results = [];

/** Thrown by a check that cannot be made here: it is counted as skipped, and said so. */
export class Skipped extends Error {}

/** Runs `action`; what it throws is reported and does not stop the others. Returns whether it passed. */
export async function check(name, action) {
  try {
    await action();
    results.push({ name, status: 'passed' });
    console.log(`passed: ${name}`);
    return true;
  } catch (error) {
    const status = error instanceof Skipped ? 'skipped' : 'failed';
    results.push({ name, status });
    if (status === 'skipped') console.log(`skipped: ${name}: ${error.message}`);
    else console.error(`failed: ${name}\n${error.stdout ?? ''}${error.stderr ?? ''}${error.stack}`);
    return false;
  }
}

/** What a command prints; throws, with what it printed, if it fails. */
export function run(command, args, cwd, env = process.env) {
  return execFileSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Writes the report for CI and sets the exit code. */
export function report() {
  const count = (status) => results.filter((result) => result.status === status).length;
  mkdirSync(join(root, 'reports'), { recursive: true });
  writeFileSync(
    join(root, 'reports/package.json'),
    JSON.stringify({
      numPassedTests: count('passed'),
      numFailedTests: count('failed'),
      numPendingTests: count('skipped'),
      results,
    }),
  );
  process.exitCode = count('failed') === 0 ? 0 : 1;
}
