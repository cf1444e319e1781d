import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm, root, run } from './checks.mjs';
import { COMPILER_OPTIONS } from './consumers.mjs';
import { manifest } from './tarball.mjs';

const SAMPLE = '09-connect';
/** The sample has its applications from this one. */
const APPLICATIONS = '03-rpc-kinds';

/** What else the package supports and the sample does not use. */
const UNUSED_PEERS = new Set([
  '@grpc/reflection',
  '@nestjs/testing',
  'grpc-health-check',
  'yamux-js',
]);

/**
 * Compiles the sample of Connect in `folder`, an application of its own that has the tarball and the peers
 * that the sample needs, and runs it.
 *
 * @throws Error if the sample does not compile, or prints something else than it should.
 */
export function runConnectSample(folder, tarball) {
  const peers = Object.entries(manifest.peerDependencies).filter(
    ([name]) => !UNUSED_PEERS.has(name),
  );
  mkdirSync(folder);
  writeJson(join(folder, 'package.json'), {
    name: 'connect',
    private: true,
    type: 'module',
    dependencies: {
      [manifest.name]: `file:${tarball.path}`,
      ...Object.fromEntries(peers),
      '@nestjs/platform-express': manifest.devDependencies['@nestjs/platform-express'],
      '@types/node': manifest.devDependencies['@types/node'],
    },
  });
  writeJson(join(folder, 'tsconfig.json'), {
    compilerOptions: {
      ...COMPILER_OPTIONS,
      // The types of Connect itself need those of fetch.
      lib: ['ES2023', 'DOM', 'DOM.Iterable'],
      rootDir: '.',
      outDir: 'build',
    },
    include: ['0*/**/*.ts'],
    exclude: ['**/*.spec.ts'],
  });
  for (const sample of [APPLICATIONS, SAMPLE]) {
    cpSync(join(root, 'sample', sample), join(folder, sample), { recursive: true });
  }
  run(npm, ['install', '--no-audit', '--no-fund', '--loglevel=error'], folder);
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], folder);
  cpSync(
    join(folder, APPLICATIONS, 'numbers.proto'),
    join(folder, 'build', APPLICATIONS, 'numbers.proto'),
  );
  const printed = run(process.execPath, [join('build', SAMPLE, 'main.js')], folder);
  const expected = readFileSync(join(folder, SAMPLE, 'expected-output.txt'), 'utf8');
  if (printed !== expected) throw new Error(`the sample printed:\n${printed}`);
}

function writeJson(path, value) {
  writeFileSync(path, JSON.stringify(value, undefined, 2));
}
