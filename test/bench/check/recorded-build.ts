import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const FOLDER = 'bench-results/.recorded';
const BENCH = 'test/bench';
const PROJECT = `${BENCH}/tsconfig.build.json`;
/** Uses the library as it was at the commit, and so has to be of the same one. */
const SYSTEMS = `${BENCH}/ends/systems`;
const SHORT = 7;
const LARGEST_ARCHIVE = 512 * 1024 * 1024;

/** The library of a recorded commit, compiled, with ends of the bench that measure it. */
export interface RecordedBuild {
  /** Short form of the commit. */
  readonly commit: string;
  /** The folder of its sources. */
  readonly root: string;
}

/**
 * Compiles the library of a commit with this bench, which uses it by the systems of that commit: two
 * builds differ in the library only, and an old one is measured in ways that were not known then. It
 * runs with the dependencies that are installed here.
 *
 * @throws Error if git does not have the commit, as in a shallow clone, or if it does not compile.
 */
export function buildRecorded(commit: string): RecordedBuild {
  const git = ['rev-parse', '--verify', '--end-of-options', `${commit}^{commit}`];
  const hash = execFileSync('git', git, { encoding: 'utf8' }).trim();
  const root = resolve(FOLDER, hash);
  build(hash, root);
  return { commit: hash.slice(0, SHORT), root };
}

/** The same build; undefined, and a line in the log, where it cannot be made. */
export function buildIfPossible(
  commit: string,
  log: (line: string) => void,
): RecordedBuild | undefined {
  try {
    return buildRecorded(commit);
  } catch (error) {
    log(`cannot compare with the recorded commit ${commit}: ${(error as Error).message}`);
    return undefined;
  }
}

function build(commit: string, root: string): void {
  const unfinished = `${root}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const archive = execFileSync('git', ['archive', commit], { maxBuffer: LARGEST_ARCHIVE });
  execFileSync('tar', ['-x', '-C', unfinished], { input: archive });
  cpSync(BENCH, join(unfinished, BENCH), {
    recursive: true,
    filter: (path) => !path.startsWith(SYSTEMS),
  });
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(unfinished, PROJECT)]);
  rmSync(root, { recursive: true, force: true });
  renameSync(unfinished, root);
}
