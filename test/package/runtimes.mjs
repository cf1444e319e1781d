import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { npm, root, run, Skipped } from './checks.mjs';

/** Deno refuses listeners for some of the signals that Nest listens to by default. */
const namesSignals = (script) =>
  script.replace('enableShutdownHooks()', "enableShutdownHooks(['SIGINT', 'SIGTERM'])");

/**
 * Runtimes besides Node, with the version that the README names. `adapt` makes of a script of the quick start
 * what the README says to write for the runtime.
 */
export const RUNTIMES = [
  { name: 'Bun', version: '1.4', args: [], adapt: (script) => script },
  { name: 'Deno', version: '2.9', args: ['run', '--allow-all'], adapt: namesSignals },
];

/**
 * Installs a runtime from the registry into reports/runtimes.
 *
 * @returns its executable, and the arguments before a script.
 * @throws Skipped if there is none for this machine.
 */
export function commandOf({ name, version, args }) {
  const command = name.toLowerCase();
  const folder = join(root, 'reports/runtimes', command);
  mkdirSync(folder, { recursive: true });
  try {
    const options = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
    run(npm, ['install', ...options, '--prefix', folder, `${command}@${version}`], root);
    const executable = join(folder, 'node_modules/.bin', command);
    run(executable, ['--version'], root);
    return [executable, ...args];
  } catch (error) {
    const [why] = (error.stderr || error.message).trim().split('\n');
    throw new Skipped(`${name} ${version} cannot be installed: ${why}`);
  }
}
