// Compiles the scenarios, as figures of code that is compiled while it runs would not be honest, and
// puts beside them what the compiler leaves out: proto files, and who `nestjs-backchannel` is.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = join(root, 'bench-results/.reliability');
const compiler = join(root, 'node_modules/typescript/bin/tsc');

execFileSync(process.execPath, [compiler, '-p', 'test/reliability/tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});

const exported = {
  '.': './lib/index.js',
  './core': './lib/core.js',
  './yamux': './lib/yamux.js',
  './testing': './lib/testing/index.js',
};
const manifest = { name: 'nestjs-backchannel', type: 'module', exports: exported };
writeFileSync(join(out, 'package.json'), JSON.stringify(manifest));

for (const path of readdirSync(join(root, 'test'), { recursive: true })) {
  if (!/\.(proto|pem)$/.test(path)) continue;
  const target = join(out, 'test', path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(root, 'test', path), target);
}
