import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { npm, root, run, Skipped } from './checks.mjs';

/** What the packages that carry a Node are called after, for systems that have another name in Node. */
const SYSTEMS = { win32: 'win' };

/**
 * The executable of a major version of Node: this process's own, or one that is installed from the
 * registry into reports/nodes.
 *
 * @throws Skipped if there is none for this machine.
 */
export function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const system = SYSTEMS[process.platform] ?? process.platform;
  const name = `node-${system}-${process.arch}`;
  const folder = join(root, 'reports/nodes', major);
  mkdirSync(folder, { recursive: true });
  try {
    const options = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
    run(npm, ['install', ...options, '--prefix', folder, `${name}@${major}`], root);
    const executable = system === 'win' ? 'node.exe' : 'node';
    const path = join(folder, 'node_modules', name, 'bin', executable);
    run(path, ['--version'], root);
    return path;
  } catch (error) {
    throw new Skipped(`Node ${major} cannot be installed: ${firstLine(error)}`);
  }
}

function firstLine({ stderr, message }) {
  return (stderr || message).trim().split('\n')[0];
}
