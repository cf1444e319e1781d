import type {
  DynamicModule,
  INestApplication,
  NestHybridApplicationOptions,
  Type,
} from '@nestjs/common';
import type { Registry } from '../backchannel/index.js';
import {
  BACKCHANNEL_CARRIER,
  BackchannelClient,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  type BackchannelCarrier,
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
import { MemoryNetwork, type MemoryCarrier } from './memory-network.js';
import { TestPair } from './test-pair.js';
import type { CompiledModule, ModuleBuilder } from './testing-module.js';

/** The module of an application, or the result of `Test.createTestingModule`, to override providers. */
export type TestApplication = Type | DynamicModule | ModuleBuilder;

/** Options of `createTestPair`. */
export interface TestPairOptions {
  /** The application that listens: imports `BackchannelModule.forRoot`. */
  listening: TestApplication;
  /** The application that dials: imports `BackchannelModule.registerClient`. */
  dialing: TestApplication;
  /** The client certificate of the dialing side, as with mutual TLS. Default: none. */
  certificate?: TestCertificate;
  /** The network between the applications. Default: a new one. */
  network?: MemoryNetwork;
  /**
   * Creates the applications as `main.ts` does, for example with pipes or another HTTP adapter. Default:
   * `module.createNestApplication()`.
   */
  createApp?: (
    module: CompiledModule,
    side: 'listening' | 'dialing',
  ) => INestApplication | Promise<INestApplication>;
  /** The `hybridOptions` of `connectBackchannel`. */
  hybridOptions?: NestHybridApplicationOptions;
  /** Milliseconds for the clients to connect and the peer to appear. Default 5000. */
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
 * Starts both applications on an in-memory network. A client of the dialing application reaches the
 * listening application with any url, unless the network has a listener for that url. Resolves when all
 * clients are connected. Close the pair at the end of the test.
 *
 * Needs `@nestjs/testing`, and an HTTP adapter as every Nest application does. No HTTP port is opened;
 * `pair.listening.listen(0)` opens one.
 *
 * @throws OptionError (as a rejection) naming a bad option; Error if a side has nothing to listen or dial
 * with; NotConnectedError or NoPeerError if they are not connected within `deadlineMs`, with the reason if
 * it is known; errors of starting an application. In each case, the started applications are closed first.
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

    await connected([...clients.values()], server.registry, deadlineMs);
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

/** Starts one side as `main.ts` would; adds it to `apps` as soon as it must be closed. */
async function start(
  side: 'listening' | 'dialing',
  carrier: BackchannelCarrier,
  { [side]: application, createApp, hybridOptions }: TestPairOptions,
  apps: INestApplication[],
): Promise<INestApplication> {
  const builder = isBuilder(application) ? application : await builderOf(application);
  const module = await builder.overrideProvider(BACKCHANNEL_CARRIER).useValue(carrier).compile();
  const app = await (createApp ?? createDefaultApp)(module, side);
  apps.push(app);
  if (hasStrategy(app)) {
    connectBackchannel(app, hybridOptions);
    await app.startAllMicroservices();
  }
  await app.init();
  return app;
}

/** Resolves when all clients are connected and there is a peer. Errors of clients take precedence. */
async function connected(
  clients: readonly BackchannelClient[],
  registry: Registry,
  deadlineMs: number,
): Promise<void> {
  const giveUp = new AbortController();
  const peer = registry.waitFor(() => true, { deadlineMs, signal: giveUp.signal });
  peer.catch(() => {}); // Reported below, unless a client fails.
  try {
    await Promise.all(clients.map((client) => client.connect(deadlineMs)));
    await peer;
  } finally {
    giveUp.abort();
  }
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

/** A network on which every url without a listener leads to `url`. */
function leadingTo(
  url: string,
  network: MemoryNetwork,
  { certificate }: TestPairOptions,
): BackchannelCarrier {
  const view: MemoryCarrier =
    certificate === undefined ? network : network.withCertificate(certificate);
  return {
    listen: (listened, acceptor) => network.listen(listened, acceptor),
    dial: (dialed, options) => view.dial(network.isReachable(dialed) ? dialed : url, options),
  };
}

function hasStrategy(app: INestApplication): boolean {
  if (instancesOf(app, ListenMuxServer).size > 0) return true;
  return [...clientsOf(app).values()].some((client) => client.serves);
}

/** The clients of an application, by the names under which they are registered. */
function clientsOf(app: INestApplication): Map<string, BackchannelClient> {
  const prefixLength = getBackchannelClientToken('x').length - 1;
  const clients = [...instancesOf(app, BackchannelClient)];
  return new Map(clients.map(([token, client]) => [String(token).slice(prefixLength), client]));
}
