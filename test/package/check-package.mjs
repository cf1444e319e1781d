// Checks the package as its users get it: packs it, installs the tarball into an application that has
// nothing but the README, compiles that with the TypeScript of this repository and with the newest,
// and runs its two ends against each other, as an ES module and from CommonJS.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const app = mkdtempSync(join(tmpdir(), 'package-check-'));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** Most lines that one side of the quick start may have. */
const QUICK_START_LINES = 40;

const results = [];

async function check(name, action) {
  try {
    await action();
    results.push({ name, status: 'passed' });
    console.log(`passed: ${name}`);
  } catch (error) {
    results.push({ name, status: 'failed' });
    console.error(`failed: ${name}\n${error.stdout ?? ''}${error.stderr ?? ''}${error.stack}`);
  }
}

function run(command, args, cwd) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The files that the README shows, by name. */
function readmeFiles() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const blocks = readme.matchAll(/<!-- file: (\S+) -->\s*```\w+\n([\s\S]*?)```/g);
  return new Map([...blocks].map(([, name, content]) => [name, content]));
}

const packed = JSON.parse(run(npm, ['pack', '--json', '--pack-destination', app], root));
const { filename, files } = Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
const tarball = join(app, filename);

await check('the tarball holds what is needed and nothing else', () => {
  const paths = files.map((file) => file.path);
  const strangers = paths.filter(
    (path) => !/^(dist\/|(README|CHANGELOG)\.md$|LICENSE$|package\.json$)/.test(path),
  );
  if (strangers.length > 0) throw new Error(`not expected: ${strangers.join(', ')}`);
  for (const path of ['dist/index.js', 'dist/index.d.ts', 'dist/yamux-js/index.js', 'LICENSE']) {
    if (!paths.includes(path)) throw new Error(`missing: ${path}`);
  }
});

await check('publint finds nothing', () =>
  run(join(root, 'node_modules/.bin/publint'), ['run', tarball, '--strict'], root),
);

await check('types and files resolve for every kind of consumer', () =>
  // An ES module cannot be required by the resolution of before Node 20: that is known.
  run(join(root, 'node_modules/.bin/attw'), [tarball, '--profile', 'esm-only'], root),
);

const quickStart = readmeFiles();

await check(`each side of the quick start has less than ${QUICK_START_LINES} lines`, () => {
  for (const side of ['hub.ts', 'agent.ts']) {
    const lines = quickStart.get(side).trimEnd().split('\n').length;
    if (lines >= QUICK_START_LINES) throw new Error(`${side} has ${lines} lines`);
  }
});

const { peerDependencies, devDependencies } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
const typescripts = { 'of this repository': devDependencies.typescript, newest: 'latest' };

await check('it installs into an application of its own', () => {
  const { 'yamux-js': _optional, ...peers } = peerDependencies;
  const typescript = Object.entries(typescripts).map(([name, version]) => [
    `typescript-${name.replaceAll(' ', '-')}`,
    `npm:typescript@${version}`,
  ]);
  writeFileSync(
    join(app, 'package.json'),
    JSON.stringify({
      name: 'app',
      private: true,
      type: 'module',
      dependencies: {
        'nestjs-backchannel': `file:${filename}`,
        ...peers,
        '@nestjs/platform-express': peers['@nestjs/core'],
      },
      devDependencies: {
        '@types/node': devDependencies['@types/node'],
        ...Object.fromEntries(typescript),
      },
    }),
  );
  writeFileSync(
    join(app, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'ES2023',
        types: ['node'],
        strict: true,
        isolatedModules: true,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        skipLibCheck: false,
        exactOptionalPropertyTypes: true,
        outDir: 'build',
      },
      include: ['*.ts'],
    }),
  );
  for (const [name, content] of quickStart) {
    writeFileSync(join(app, name), content);
  }
  run(npm, ['install', '--no-audit', '--no-fund', '--loglevel=error'], app);
});

for (const name of Object.keys(typescripts)) {
  await check(`the quick start compiles with the TypeScript ${name}`, () => {
    const folder = `typescript-${name.replaceAll(' ', '-')}`;
    const { bin } = JSON.parse(
      readFileSync(join(app, `node_modules/${folder}/package.json`), 'utf8'),
    );
    run(
      process.execPath,
      [join(app, 'node_modules', folder, bin.tsc), '-p', '.', '--skipLibCheck'],
      app,
    );
  });
}

await check('the two ends of the quick start talk to each other', async () => {
  const hub = spawn(process.execPath, ['build/hub.js'], { cwd: app });
  let log = '';
  hub.stdout.on('data', (chunk) => (log += chunk));
  hub.stderr.on('data', (chunk) => (log += chunk));
  try {
    while (!log.includes('Nest microservice successfully started')) {
      await Promise.race([
        once(hub.stdout, 'data'),
        once(hub, 'exit').then(() => Promise.reject(new Error(`hub ended: ${log}`))),
      ]);
    }
    const output = run(process.execPath, ['build/agent.js'], app);
    const reply = 'Hello world, you say you are an agent, asked "whoami"';
    if (!output.includes(reply)) throw new Error(`agent printed: ${output}\nhub printed: ${log}`);
  } finally {
    hub.kill('SIGKILL');
  }
});

await check('CommonJS can require it', () => {
  writeFileSync(
    join(app, 'main.cjs'),
    `const { BackchannelModule, YamuxSession } = require('nestjs-backchannel');
     if (typeof BackchannelModule.forRoot !== 'function' || typeof YamuxSession !== 'function') process.exit(1);`,
  );
  run(process.execPath, ['main.cjs'], app);
});

await check(
  'without the optional yamux-js its subpath says what is missing, and nothing else does',
  () => {
    writeFileSync(
      join(app, 'yamux-js.mjs'),
      `import('nestjs-backchannel/yamux-js').then(
       () => process.exit(1),
       (error) => process.exit(error.message.includes('yamux-js') ? 0 : 2),
     );`,
    );
    run(process.execPath, ['yamux-js.mjs'], app);
  },
);

rmSync(app, { recursive: true, force: true });
mkdirSync(join(root, 'reports'), { recursive: true });
const failed = results.filter(({ status }) => status === 'failed').length;
writeFileSync(
  join(root, 'reports/package.json'),
  JSON.stringify({
    numPassedTests: results.length - failed,
    numFailedTests: failed,
    numPendingTests: 0,
    results,
  }),
);
process.exitCode = failed === 0 ? 0 : 1;
