import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { npm, root, run } from './checks.mjs';
import { manifest } from './tarball.mjs';

const sample = join(root, 'sample/02-plain-grpc-js');

/**
 * Runs the sample without Nest in `folder`, an application of its own that has the tarball, the peers that
 * are not optional, and what the sample itself imports.
 *
 * @throws Error if Nest was installed, or the sample prints something else than it should.
 */
export function runWithoutNest(folder, tarball) {
  const required = Object.entries(manifest.peerDependencies).filter(
    ([name]) => !manifest.peerDependenciesMeta[name]?.optional,
  );
  mkdirSync(folder);
  const dependencies = {
    [manifest.name]: `file:${tarball.path}`,
    ...Object.fromEntries(required),
    '@grpc/proto-loader': manifest.peerDependencies['@grpc/proto-loader'],
  };
  const application = { name: 'plain', private: true, type: 'module', dependencies };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(application));
  run(npm, ['install', '--no-audit', '--no-fund', '--loglevel=error'], folder);
  for (const name of ['@nestjs', 'reflect-metadata']) {
    if (existsSync(join(folder, 'node_modules', name))) throw new Error(`${name} was installed`);
  }
  for (const file of readdirSync(sample)) copyCompiled(file, folder);
  const printed = run(process.execPath, ['main.js'], folder);
  const expected = readFileSync(join(sample, 'expected-output.txt'), 'utf8');
  if (printed !== expected) throw new Error(`the sample printed:\n${printed}`);
}

function copyCompiled(file, folder) {
  const text = readFileSync(join(sample, file), 'utf8');
  if (!file.endsWith('.ts')) return writeFileSync(join(folder, file), text);
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
  const { outputText } = ts.transpileModule(text, { compilerOptions });
  return writeFileSync(join(folder, file.replace(/ts$/, 'js')), outputText);
}
