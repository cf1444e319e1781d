// Checks the package as its users get it: packs it, looks at the tarball, installs it into
// applications that have nothing but the README, an ES module and a CommonJS one, compiles both with
// the TypeScript of this repository and with the newest, and runs their two ends against each other.
//
//   node test/package/check-package.mjs [--nodes 20,22,24]     with which Nodes; default: this one
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkCertificates } from './certificates.mjs';
import { check, report, run } from './checks.mjs';
import { runConnectSample } from './connect-consumer.mjs';
import {
  compileConsumer,
  compileDeclarations,
  folderOf,
  installConsumers,
  kinds,
  readmeFiles,
  typescripts,
} from './consumers.mjs';
import { buildNest11App, createNest11App, testNest11App } from './nest-11-app.mjs';
import { nodeOf } from './nodes.mjs';
import { runWithoutNest } from './plain-consumer.mjs';
import { runQuickStart } from './quick-start.mjs';
import { commandOf, RUNTIMES } from './runtimes.mjs';
import { checkTarball, pack } from './tarball.mjs';

/** Most lines that one side of the quick start may have. */
const QUICK_START_LINES = 40;

/** Ends with 0 if both ways to load each subpath give the same objects, and no CommonJS is loaded. */
const SAME = `
const subpaths = ['nestjs-backchannel', 'nestjs-backchannel/core', 'nestjs-backchannel/yamux', 'nestjs-backchannel/testing'];
(async () => {
  for (const subpath of subpaths) {
    const required = require(subpath);
    const imported = await import(subpath);
    const names = Object.keys(imported).filter((name) => name !== 'default');
    if (names.length === 0 || names.some((name) => required[name] !== imported[name])) process.exit(1);
  }
  process.exit(Object.keys(require.cache).some((file) => /nestjs-backchannel.dist.cjs/.test(file)) ? 2 : 0);
})();
`;

/** Names of the two ends in the README begin with this; and how they talk. */
const ENDS = { '': '', 'secure-': ' with TLS' };

const KIND_NAMES = { module: 'ES module', commonjs: 'CommonJS module' };

const { values } = parseArgs({ options: { nodes: { type: 'string' } } });
const majors = values.nodes?.split(',') ?? [process.versions.node.split('.')[0]];

/** The executables of Node that were found, by major version. */
const nodes = new Map();

const app = mkdtempSync(join(tmpdir(), 'package-check-'));
try {
  await checkPackage();
} finally {
  rmSync(app, { recursive: true, force: true });
}
report();

async function checkPackage() {
  const tarball = pack(app);
  await checkTarball(tarball);
  await checkReadme();
  const name = 'it installs into an application of its own';
  if (!(await check(name, () => installConsumers(app, tarball)))) return;
  await check('the certificates of the README are good for one role each', () =>
    checkCertificates(folderOf(app, 'module')),
  );
  const builds = await checkTypes();
  for (const major of majors) await checkRuns(major, builds);
  for (const runtime of RUNTIMES) await checkRuntime(runtime, builds);
  await checkNest11(tarball);
  await checkMissing('yamux-js', 'yamux-js');
  await checkMissing('connect', '@connectrpc/connect', '@bufbuild/protobuf');
  await check('the sample of Connect compiles and runs on nestjs-backchannel/connect', () =>
    runConnectSample(join(app, 'connect'), tarball),
  );
  await check('without Nest the sample of plain grpc-js runs on nestjs-backchannel/core', () =>
    runWithoutNest(join(app, 'plain'), tarball),
  );
}

function checkReadme() {
  return check(`each side of the quick start has less than ${QUICK_START_LINES} lines`, () => {
    const files = readmeFiles();
    for (const side of ['hub.ts', 'agent.ts']) {
      const lines = files.get(side).trimEnd().split('\n').length;
      if (lines >= QUICK_START_LINES) throw new Error(`${side} has ${lines} lines`);
    }
  });
}

/** Returns what was built: kind and folder. */
async function checkTypes() {
  await check('the declarations of all modules are valid', () => compileDeclarations(app));
  const builds = [];
  for (const kind of kinds) {
    for (const typescript of Object.keys(typescripts)) {
      const compiler = typescript.replaceAll('-', ' ');
      await check(`the quick start compiles as ${KIND_NAMES[kind]} with the ${compiler}`, () => {
        builds.push({ kind, compiler, build: compileConsumer(app, kind, typescript) });
      });
    }
  }
  return builds;
}

/** The executable of a major version of Node, or undefined if there is none for this machine. */
async function nodeFor(major) {
  if (!nodes.has(major))
    await check(`Node ${major} is there`, () => nodes.set(major, nodeOf(major)));
  return nodes.get(major);
}

async function checkRuns(major, builds) {
  const node = await nodeFor(major);
  if (node === undefined) return;
  const version = run(node, ['--version'], app).trim();
  for (const { kind, compiler, build } of builds) {
    for (const [prefix, how] of Object.entries(ENDS)) {
      await check(
        `the quick start${how} runs as ${KIND_NAMES[kind]} of the ${compiler} on ${version}`,
        () => runQuickStart(node, folderOf(app, kind), build, { prefix }),
      );
    }
  }
  await check(`require and import give the same on ${version}`, () => {
    const script = join(app, 'same.cjs');
    writeFileSync(script, SAME);
    run(node, [script], app);
  });
}

/** Runs what one compiler made; the other checks show that the compilers make the same. */
async function checkRuntime({ adapt, ...runtime }, builds) {
  const { name, version } = runtime;
  let command;
  if (!(await check(`${name} ${version} is there`, () => (command = commandOf(runtime))))) return;
  for (const { kind, build } of builds.filter(({ compiler }) => compiler === builds[0].compiler)) {
    for (const [prefix, how] of Object.entries(ENDS)) {
      await check(`the quick start${how} runs as ${KIND_NAMES[kind]} on ${name} ${version}`, () =>
        runQuickStart(command, folderOf(app, kind), build, { prefix, adapt }),
      );
    }
  }
}

/** The application that `nest new` of Nest 11 makes: it tests with Jest in CommonJS. */
async function checkNest11(tarball) {
  const folder = join(app, 'nest-11');
  const name = 'it installs into the application that `nest new` of Nest 11 makes';
  if (!(await check(name, () => createNest11App(folder, tarball)))) return;
  let build;
  await check('that application builds', () => (build = buildNest11App(folder)));
  for (const major of majors) {
    const node = await nodeFor(major);
    if (node === undefined) continue;
    await check(`\`npm test\` of that application passes on Node ${major}: Jest in CommonJS`, () =>
      testNest11App(folder, node),
    );
    if (build === undefined) continue;
    await check(`the quick start runs in that application on Node ${major}`, () =>
      runQuickStart(node, folder, build),
    );
  }
}

/** Imports a subpath in an application that has none of `packages`, which it needs. */
function checkMissing(subpath, ...packages) {
  const name = `without the optional ${packages[0]} its subpath says what is missing, and nothing else does`;
  return check(name, () => {
    const script = join(app, `${subpath}.mjs`);
    writeFileSync(
      script,
      `import('nestjs-backchannel/${subpath}').then(
         () => process.exit(1),
         ({ message }) => process.exit(${JSON.stringify(packages)}.some((name) => message.includes(name)) ? 0 : 2),
       );`,
    );
    run(process.execPath, [script], app);
  });
}
