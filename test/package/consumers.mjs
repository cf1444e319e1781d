import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm, root, run } from './checks.mjs';
import { manifest, subpaths } from './tarball.mjs';

/** The TypeScripts that consumers are compiled with, by the folder that they are installed in. */
export const typescripts = {
  'typescript-of-this-repository': manifest.devDependencies.typescript,
  'typescript-newest': 'latest',
};

/** The two kinds of application that install the package: what their package.json says as `type`. */
export const kinds = ['module', 'commonjs'];

/** Options that all consumers are compiled with. */
export const COMPILER_OPTIONS = {
  module: 'nodenext',
  target: 'ES2023',
  types: ['node'],
  strict: true,
  isolatedModules: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  exactOptionalPropertyTypes: true,
  // The types of the package itself are checked, too.
  skipLibCheck: false,
};

/** The files that the README shows, by name. */
export function readmeFiles() {
  return new Map(blocksOf('README.md', 'file: (\\S+)'));
}

/** Those of the README with its changes for TLS, each named `secure-...`, and those that docs/tls.md shows. */
function secureFiles() {
  const files = readmeFiles();
  const changed = blocksOf('README.md', 'change: (\\S+)').map(([name, diff]) => [
    `secure-${name}`,
    changedBy(diff, files.get(name)),
  ]);
  return new Map([...changed, ...blocksOf('docs/tls.md', 'file: (\\S+)')]);
}

/** The command of the README that makes the certificates which its changes name. */
function certificateCommand() {
  const [[, command]] = blocksOf('README.md', '(run)');
  return command;
}

/** The code blocks of a document behind a comment like `marker`: what its group matches, and the code. */
function blocksOf(path, marker) {
  const text = readFileSync(join(root, path), 'utf8');
  const blocks = text.matchAll(
    new RegExp(`<!-- ${marker} -->\\s*\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``, 'g'),
  );
  return [...blocks].map(([, name, content]) => [name, content]);
}

/** `text` with the hunks of `diff`, which are apart by lines with "...". */
function changedBy(diff, text) {
  for (const hunk of diff.split(/^\.\.\.\n/m)) {
    const lines = hunk.split('\n').slice(0, -1);
    const side = (sign) =>
      lines.filter((line) => !line.startsWith(sign)).map((line) => `${line.slice(1)}\n`);
    const before = side('+').join('');
    if (text.split(before).length !== 2) throw new Error(`not to be found once:\n${before}`);
    text = text.replace(before, () => side('-').join(''));
  }
  return text;
}

/** Optional peers that an application of Nest has. */
export const NEST_PEERS = new Set([
  '@grpc/proto-loader',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/microservices',
  'reflect-metadata',
]);

/** Where the application of a kind is, in the folder of all. */
export function folderOf(app, kind) {
  return join(app, kind);
}

/**
 * Makes an application of each kind in `app`, out of the README and of imports of every subpath but that of Connect, and
 * installs the tarball for both.
 */
export function installConsumers(app, tarball) {
  const peers = Object.fromEntries(
    Object.entries(manifest.peerDependencies).filter(
      ([name]) => NEST_PEERS.has(name) || !manifest.peerDependenciesMeta[name]?.optional,
    ),
  );
  const compilers = Object.entries(typescripts).map(([folder, version]) => [
    folder,
    `npm:typescript@${version}`,
  ]);
  writeJson(join(app, 'package.json'), {
    name: 'consumers',
    private: true,
    dependencies: {
      [manifest.name]: `file:${tarball.filename}`,
      ...peers,
      '@nestjs/platform-express': peers['@nestjs/core'],
    },
    devDependencies: {
      '@types/node': manifest.devDependencies['@types/node'],
      ...Object.fromEntries(compilers),
    },
  });
  for (const kind of kinds) writeConsumer(folderOf(app, kind), kind);
  run(npm, ['install', '--no-audit', '--no-fund', '--loglevel=error'], app);
}

/** Compiles the application of `kind`; returns the folder of the result, beside its proto files. */
export function compileConsumer(app, kind, typescript) {
  const folder = folderOf(app, kind);
  const packageFolder = join(app, 'node_modules', typescript);
  const { bin } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const build = `build-${typescript}`;
  const compiler = join(packageFolder, bin.tsc);
  run(process.execPath, [compiler, '-p', '.', '--outDir', build], folder);
  return build;
}

/** Compiles all declarations of the package, also those that the README's code does not reach. */
export function compileDeclarations(app) {
  const folder = join(app, 'declarations');
  mkdirSync(folder);
  writeJson(join(folder, 'tsconfig.json'), {
    compilerOptions: { ...COMPILER_OPTIONS, noEmit: true },
    include: [`../node_modules/${manifest.name}/dist/**/*.d.ts`],
    // Its types come from a package that these applications do not have; connect-consumer.mjs does.
    exclude: ['dist/connect', 'dist/cjs/connect'].map(
      (path) => `../node_modules/${manifest.name}/${path}`,
    ),
  });
  const [typescript] = Object.keys(typescripts);
  run(process.execPath, [join(app, 'node_modules', typescript, 'bin/tsc'), '-p', '.'], folder);
}

function writeConsumer(folder, type) {
  mkdirSync(folder);
  writeJson(join(folder, 'package.json'), { private: true, type });
  writeJson(join(folder, 'tsconfig.json'), {
    compilerOptions: COMPILER_OPTIONS,
    include: ['*.ts'],
  });
  for (const [name, content] of [...readmeFiles(), ...secureFiles()]) {
    const isTypeScript = name.endsWith('.ts');
    const text =
      isTypeScript && type === 'commonjs' ? withoutTopLevelAwait(name, content) : content;
    writeFileSync(join(folder, name), text);
  }
  run('sh', ['-ec', certificateCommand()], folder);
  writeFileSync(join(folder, 'subpaths.ts'), type === 'commonjs' ? REQUIRES : IMPORTS);
}

/** CommonJS has no await outside of functions: what begins with the first one moves into one. */
export function withoutTopLevelAwait(name, content) {
  const start = content.search(/^(?:const|let) \w+ = await |^await /m);
  if (start < 0) throw new Error(`${name} has no await on its top level`);
  return `${content.slice(0, start)}async function main(): Promise<void> {\n${content.slice(start)}}\nvoid main();\n`;
}

const specifiers = subpaths
  .filter((subpath) => subpath !== './connect')
  .map((subpath) => manifest.name + subpath.slice(1));

/** Every subpath but that of Connect, in the manner of ES modules; compiled, never run. */
const IMPORTS = `${specifiers.map((specifier, i) => `import * as subpath${i} from '${specifier}';`).join('\n')}
import type { ClientConn } from '${manifest.name}';
export const stub = (conn: ClientConn): { run(): void } => conn.getService('Agent');
export default [${specifiers.map((_, i) => `subpath${i}`).join(', ')}];
`;

/** Every subpath but that of Connect, in the manner of CommonJS, types included. */
const REQUIRES = `${specifiers.map((specifier, i) => `import subpath${i} = require('${specifier}');`).join('\n')}
export const stub = (conn: subpath0.ClientConn): { run(): void } => conn.getService('Agent');
export const all = [${specifiers.map((_, i) => `subpath${i}`).join(', ')}];
`;

function writeJson(path, value) {
  writeFileSync(path, JSON.stringify(value, undefined, 2));
}
