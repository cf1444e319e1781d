// Runs the tests of what Nest users see on NestJS 11: in a copy of this repository that has Nest 11 in
// place of the Nest of package.json. The copy is temporary; this repository is not changed.
//
//   node test/nest-11/run.mjs [tests and options of vitest]     report: reports/vitest-nest-11.json
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npm, root } from '../package/checks.mjs';

const MAJOR = 11;

/** The tests that touch Nest: end to end, parity, the unit tests of the Nest layer, and the samples. */
const TESTS = [
  'test/e2e',
  'test/conformance/nest',
  'test/unit/nest',
  'test/unit/testing',
  'sample',
];

const copy = mkdtempSync(join(tmpdir(), 'nest-11-'));
try {
  copyRepository();
  useNest(MAJOR);
  process.exitCode = runTests();
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** Copies the files that git tracks, and new ones that it does not ignore. */
function copyRepository() {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0');
  for (const file of files.filter((name) => name !== '' && existsSync(join(root, name)))) {
    cpSync(join(root, file), join(copy, file));
  }
}

/** Installs what package.json names, with this major version of all packages of Nest. */
function useNest(major) {
  const path = join(copy, 'package.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  for (const name of Object.keys(manifest.devDependencies)) {
    if (name.startsWith('@nestjs/')) manifest.devDependencies[name] = `^${major}.0.0`;
  }
  writeFileSync(path, JSON.stringify(manifest, undefined, 2));
  inCopy(npm, 'install', '--no-audit', '--no-fund', '--loglevel=error');
  const installed = readFileSync(join(copy, 'node_modules/@nestjs/core/package.json'), 'utf8');
  const { version } = JSON.parse(installed);
  if (!version.startsWith(`${major}.`)) throw new Error(`Nest ${version} was installed`);
  process.stdout.write(`on Nest ${version}\n`);
}

/** Type-checks the library, and runs the tests. Returns the exit code of vitest. */
function runTests() {
  inCopy('npx', 'tsc', '--noEmit', '-p', 'lib/tsconfig.json');
  const report = `--outputFile.json=${join(root, 'reports/vitest-nest-11.json')}`;
  const given = process.argv.slice(2);
  const tests = given.length > 0 ? given : TESTS;
  const vitest = ['vitest', 'run', '--config', 'test/vitest.config.ts', report, ...tests];
  return spawnSync('npx', vitest, { cwd: copy, stdio: 'inherit' }).status ?? 1;
}

/** Runs a command in the copy; throws if it fails. */
function inCopy(command, ...args) {
  execFileSync(command, args, { cwd: copy, stdio: 'inherit' });
}
