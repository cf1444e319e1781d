import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const FOLDER = 'bench-results/.recorded';
const PROJECT = 'test/bench/tsconfig.build.json';
const SHORT = 7;
const LARGEST_ARCHIVE = 512 * 1024 * 1024;

/** The bench of a recorded commit, compiled. */
export interface RecordedBuild {
  /** Short form of the commit. */
  readonly commit: string;
  /** The folder of its sources. */
  readonly root: string;
}

/**
 * Compiles the bench of a commit as this one is compiled, once. It runs with the dependencies that are installed
 * here.
 *
 * @throws Error if git does not have the commit, as in a shallow clone, or if it does not compile.
 */
export function buildRecorded(commit: string): RecordedBuild {
  const root = resolve(FOLDER, commit);
  if (!existsSync(root)) build(commit, root);
  return { commit: commit.slice(0, SHORT), root };
}

function build(commit: string, root: string): void {
  const unfinished = `${root}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const archive = execFileSync('git', ['archive', commit], { maxBuffer: LARGEST_ARCHIVE });
  execFileSync('tar', ['-x', '-C', unfinished], { input: archive });
  copyFileSync(PROJECT, join(unfinished, PROJECT));
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(unfinished, PROJECT)]);
  renameSync(unfinished, root);
}
