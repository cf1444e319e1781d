// Part of `npm run build`: translates the ES modules of dist/ to CommonJS, in dist/cjs/.
//
// It is for Jest, whose `require` cannot load ES modules. No other program loads it: in package.json, the
// condition `module-sync` (Node and Deno) or `bun` leads `import` and `require` to the same ES modules, so
// that no state exists twice. Jest knows `module-sync` too, and uses it where it can load ES modules.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const target = join(dist, 'cjs');

const { exports } = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8'));

const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.CommonJS };

for (const file of readdirSync(dist, { recursive: true }).filter((name) => name.endsWith('.js'))) {
  const source = readFileSync(join(dist, file), 'utf8');
  if (source.trim() === 'export {};') continue; // Types only: nothing imports it.
  const { outputText } = ts.transpileModule(source, { compilerOptions });
  mkdirSync(dirname(join(target, file)), { recursive: true });
  writeFileSync(join(target, file), outputText.replaceAll('import.meta.url', '__filename'));
}
writeFileSync(join(target, 'package.json'), JSON.stringify({ type: 'commonjs' }));

// Types are the same ones: those of the ES modules.
for (const { require: entry } of Object.values(exports).filter((one) => one.require)) {
  const path = join(target, '..', '..', entry.types);
  const original = relative(dirname(path), path.replace(target, dist)).replaceAll('\\', '/');
  writeFileSync(path, `export * from '${original.replace(/\.d\.ts$/, '.js')}';\n`);
}
