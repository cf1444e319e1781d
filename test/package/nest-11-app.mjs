import { readFileSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { npm, run } from './checks.mjs';
import { NEST_PEERS, readmeFiles, withoutTopLevelAwait } from './consumers.mjs';
import { manifest } from './tarball.mjs';

const QUIET = ['--no-audit', '--no-fund', '--loglevel=error'];

/** The test of an application that has the modules of the README. */
const SPEC = `
import { firstValueFrom, type Observable } from 'rxjs';
import { Registry } from 'nestjs-backchannel';
import * as core from 'nestjs-backchannel/core';
import {
  createTestPair,
  createTestStub,
  TestRegistry,
  type TestPair,
} from 'nestjs-backchannel/testing';
import { AgentModule } from './agent.module';
import { HubController, HubModule } from './hub.module';

type Agent = { run(request: { command: string }): Observable<{ output: string }> };
type Hub = { hello(request: { name: string }): Observable<{ message: string }> };

describe('hub and agent', () => {
  let pair: TestPair;
  beforeEach(async () => {
    pair = await createTestPair({ listening: HubModule, dialing: AgentModule });
  });
  afterEach(() => pair.close());

  it('call each other', async () => {
    const hub = pair.client('HUB').getService<Hub>('Hub');
    expect(await firstValueFrom(hub.hello({ name: 'world' }))).toEqual({
      message: 'Hello world, you say you are an agent, asked "whoami"',
    });
  });
});

it('calls a stub of the test', async () => {
  const agent = createTestStub<Agent>({ run: ({ command }) => ({ output: 'a ' + command }) });
  expect(await new HubController().hello({ name: 'you' }, agent)).toEqual({
    message: 'Hello you, you say you are a whoami',
  });
});

it('has one Registry for all subpaths', () => {
  expect(core.Registry).toBe(Registry);
  expect(new TestRegistry()).toBeInstanceOf(Registry);
});
`;

/**
 * Makes the application that `nest new` of Nest 11 makes, in `folder`, and installs the tarball and its
 * peers as the README says. The application has the two sides of the README, and a test of them.
 */
export function createNest11App(folder, tarball) {
  const options = ['--skip-git', '--skip-install', '--strict', '--package-manager', 'npm'];
  const command = ['@nestjs/cli@11', 'new', basename(folder), ...options];
  run(npm, ['exec', '--yes', '--', ...command], dirname(folder));
  const peers = [...NEST_PEERS].map((name) => `${name}@${versionFor(name)}`);
  run(npm, ['install', ...QUIET, tarball.path, ...peers, '@grpc/grpc-js'], folder);

  for (const [name, content] of readmeFiles()) {
    if (!name.endsWith('.ts')) {
      writeFileSync(join(folder, name), content);
      continue;
    }
    const side = name.replace('.ts', '');
    writeFileSync(join(folder, 'src', name), withoutTopLevelAwait(name, content));
    writeFileSync(join(folder, `src/${side}.module.ts`), moduleOf(name, content));
  }
  writeFileSync(join(folder, 'src/pair.spec.ts'), SPEC);
}

/** Builds the application with `nest build`; returns the folder of the result. */
export function buildNest11App(folder) {
  run(npm, ['run', 'build'], folder);
  return 'dist';
}

/**
 * Runs `npm test` of the application, which is Jest in CommonJS without a change to its configuration.
 *
 * @throws Error if a test fails, or the test of the two sides was not run.
 */
export function testNest11App(folder, node) {
  const PATH = `${dirname(node)}${delimiter}${process.env.PATH}`;
  const report = join(folder, 'report.json');
  const args = ['test', '--', '--json', '--outputFile', report];
  run(npm, args, folder, { ...process.env, PATH });
  const { numPassedTests } = JSON.parse(readFileSync(report, 'utf8'));
  // One is of the template.
  if (numPassedTests !== 4) throw new Error(`${numPassedTests} tests passed, not 4`);
}

/** The version of a peer that an application of Nest 11 has. */
function versionFor(name) {
  return name.startsWith('@nestjs/') ? '11' : manifest.peerDependencies[name];
}

/** What the README has before the application is created, with its classes exported. */
function moduleOf(name, content) {
  const end = content.search(/^const app = await /m);
  if (end < 0) throw new Error(`${name} does not create an application`);
  return content.slice(0, end).replaceAll(/^class /gm, 'export class ');
}
