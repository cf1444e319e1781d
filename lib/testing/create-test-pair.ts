import type {
  DynamicModule,
  INestApplication,
  NestHybridApplicationOptions,
  Type,
} from '@nestjs/common';
import {
  BACKCHANNEL_NETWORK,
  BackchannelClient,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  type BackchannelNetwork,
} from '../nest/index.js';
import {
  func,
  hasMethods,
  like,
  milliseconds,
  opaqueObject,
  required,
  verifyOptions,
  type Rule,
  type Rules,
} from '../options/index.js';
import { instancesOf } from './instances-of.js';
import type { TestCertificate } from './memory-connection.js';
import { MemoryNetwork } from './memory-network.js';
import { TestPair } from './test-pair.js';
import type { CompiledModule, ModuleBuilder } from './testing-module.js';

/** An application's module, or what `Test.createTestingModule` makes of it, to override providers. */
export type TestApplication = Type | DynamicModule | ModuleBuilder;

/** Options of `createTestPair`. */
export interface TestPairOptions {
  /** The application that listens: has `BackchannelModule.forRoot`. */
  listening: TestApplication;
  /** The application that dials: has `BackchannelModule.registerClient`. */
  dialing: TestApplication;
  /** What the dialing side shows of itself, as by mutual TLS. Default: nothing. */
  certificate?: TestCertificate;
  /** What is between them. Default: a network of their own. */
  network?: MemoryNetwork;
  /**
   * Makes the applications, as `main.ts` does: with pipes, or on another HTTP adapter. Default:
   * `module.createNestApplication()`.
   */
  createApp?: (
    module: CompiledModule,
    side: 'listening' | 'dialing',
  ) => INestApplication | Promise<INestApplication>;
  /** As of `connectBackchannel`. */
  hybridOptions?: NestHybridApplicationOptions;
  /** Milliseconds to get connected in. Default 5000. */
  deadlineMs?: number;
}

const applicationRule: Rule<TestApplication> = required(
  like(
    'a module, or what Test.createTestingModule gives',
    (value) => typeof value === 'function' || hasMethods(value, []),
  ),
);

const RULES: Rules<TestPairOptions> = {
  listening: applicationRule,
  dialing: applicationRule,
  certificate: opaqueObject(),
  network: like<MemoryNetwork>('a MemoryNetwork', (value) =>
    hasMethods(value, ['listen', 'dial', 'isReachable', 'withCertificate']),
  ),
  createApp: func(),
  // Verified by connectBackchannel.
  hybridOptions: opaqueObject(),
  deadlineMs: milliseconds(),
};

/**
 * Starts both applications on a network in memory, whose clients reach the listening one whatever
 * their url is, unless somebody listens at it. Resolves when they are connected; close it in the end.
 *
 * Needs `@nestjs/testing`, and an HTTP adapter as every Nest application does; nothing listens for
 * HTTP, but `pair.listening.listen(0)` may.
 *
 * @throws OptionError (as a rejection) naming a bad option; Error if a side has nothing to listen or dial with; NotConnectedError or
 * NoPeerError if they are not connected within `deadlineMs`, with the reason where it is known; what
 * starting an application throws. Nothing is left running then.
 */
export async function createTestPair(options: TestPairOptions): Promise<TestPair> {
  const verified = verifyOptions('createTestPair', RULES, options);
  const { network = new MemoryNetwork(), deadlineMs = 5000 } = verified;
  const apps: INestApplication[] = [];
  try {
    const listening = await start('listening', network, verified, apps);
    const [server] = instancesOf(listening, ListenMuxServer).values();
    if (server === undefined) throw new Error(LISTENS_NOT);

    const ofDialing = leadingTo(server.address as string, network, verified);
    const dialing = await start('dialing', ofDialing, verified, apps);
    const clients = clientsOf(dialing);
    if (clients.size === 0) throw new Error(DIALS_NOT);

    await Promise.all([...clients.values()].map((client) => client.connect(deadlineMs)));
    await server.registry.waitFor(() => true, { deadlineMs });
    return new TestPair({ listening, dialing, network, registry: server.registry, clients });
  } catch (error) {
    for (const app of apps.reverse()) await app.close();
    throw error;
  }
}

const LISTENS_NOT =
  'the application of "listening" does not listen: import BackchannelModule.forRoot({ server }) in it';
const DIALS_NOT =
  'the application of "dialing" has no client: import BackchannelModule.registerClient in it';

/** Starts one side as `main.ts` would; adds it to `apps` as soon as there is something to close. */
async function start(
  side: 'listening' | 'dialing',
  network: BackchannelNetwork,
  { [side]: application, createApp, hybridOptions }: TestPairOptions,
  apps: INestApplication[],
): Promise<INestApplication> {
  const builder = isBuilder(application) ? application : await builderOf(application);
  const module = await builder.overrideProvider(BACKCHANNEL_NETWORK).useValue(network).compile();
  const app = await (createApp ?? createDefaultApp)(module, side);
  apps.push(app);
  if (hasStrategy(app)) {
    connectBackchannel(app, hybridOptions);
    await app.startAllMicroservices();
  }
  await app.init();
  return app;
}

function createDefaultApp(module: CompiledModule): INestApplication {
  return module.createNestApplication();
}

function isBuilder(application: TestApplication): application is ModuleBuilder {
  return 'overrideProvider' in application;
}

async function builderOf(module: Type | DynamicModule): Promise<ModuleBuilder> {
  const { Test } = await import('@nestjs/testing');
  return Test.createTestingModule({ imports: [module] });
}

/** A network whose unknown urls all lead to `url`. */
function leadingTo(
  url: string,
  network: MemoryNetwork,
  { certificate }: TestPairOptions,
): BackchannelNetwork {
  const view = certificate === undefined ? network : network.withCertificate(certificate);
  return {
    listen: (listened, accept) => view.listen(listened, accept),
    dial: (dialed) => view.dial(network.isReachable(dialed) ? dialed : url),
  };
}

function hasStrategy(app: INestApplication): boolean {
  if (instancesOf(app, ListenMuxServer).size > 0) return true;
  return [...clientsOf(app).values()].some((client) => client.serves);
}

/** By the names that they are registered under. */
function clientsOf(app: INestApplication): Map<string, BackchannelClient> {
  const prefix = getBackchannelClientToken('');
  const clients = [...instancesOf(app, BackchannelClient)];
  return new Map(clients.map(([token, client]) => [String(token).slice(prefix.length), client]));
}
