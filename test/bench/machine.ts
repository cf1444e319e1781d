import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem, type } from 'node:os';
import type { Machine } from './results.js';

/** @param node - version of the Node that ran the processes. */
export function describeMachine(goVersion: string | undefined, node = process.version): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    os: `${type()} ${release()}`,
    node,
    ...(goVersion !== undefined && { go: goVersion }),
  };
}

/** The commit that stands here, with `+` if files were changed since; `unknown` outside of git. */
export function describeCommit(length: 'short' | 'full' = 'short'): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const commit = git('rev-parse', ...(length === 'short' ? ['--short'] : []), 'HEAD');
    return commit + (git('status', '--porcelain') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}
