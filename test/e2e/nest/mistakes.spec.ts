import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { credentials, ServerCredentials } from '@grpc/grpc-js';
import { Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  BackchannelClient,
  BackchannelHealthIndicator,
  BackchannelModule,
  builtInEngine,
  ClientConn,
  ClientHandshaker,
  connectBackchannel,
  connectionOf,
  getBackchannel,
  getBackchannelClientToken,
  getClientHandshakerToken,
  getPeerId,
  hasBackchannel,
  InjectBackchannelClient,
  ListenMux,
  ListenMuxServer,
  Peer,
  Registry,
  ServerHandshaker,
  watchChannelCredentials,
  watchServerCredentials,
  yamuxSessionFactory,
  type BackchannelClientOptions,
} from 'nestjs-backchannel';
import {
  createListener,
  engineOf,
  keepConnected,
  serveConnections,
  withId,
} from 'nestjs-backchannel/core';
import { createTestPair, TestClient } from 'nestjs-backchannel/testing';
import { registerTestResolver } from '../../fixtures/grpc/test-resolver.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startListener, type Closable } from '../../fixtures/nest/in-test.js';
import { logLinesOf } from '../../fixtures/nest/log-lines.js';
import { callsProto } from '../../fixtures/nest/protos.js';
import { keyCertPair, securities, stranger } from '../../fixtures/nest/tls.js';

// Wrong values of single options are in test/unit/nest/options.spec.ts, of decorators and of applications
// in test/unit/nest/application-mistakes.spec.ts and forgotten-start.spec.ts.

const services = { ...callsProto, backchannel: callsProto };
const parts = { controllers: [CallsController] };
const isGrpcJs = engineOf().name === 'grpc-js';

/** A function that is called with what its type forbids. */
type Anyhow = (...args: unknown[]) => unknown;

const server = (options = {}, ...more: unknown[]) =>
  Reflect.construct(ListenMuxServer, [{ url: '127.0.0.1:0', ...services, ...options }, ...more]);
const client = (options = {}, ...more: unknown[]) =>
  closing(Reflect.construct(BackchannelClient, [{ ...unreached, ...options }, ...more]));
const unreached = { url: '127.0.0.1:1', ...services, lazy: true };
const registry = new Registry();
const handshaker = () => new ClientHandshaker(() => builtInEngine.createServer());
const mux = () => new ListenMux({ onConnection: () => {} });
const conn = () =>
  new ClientConn(builtInEngine.createStreamChannel(() => Promise.reject(new Error('none'))));
const insecure = credentials.createInsecure();
const anyhow = (method: Function, self?: unknown): Anyhow => method.bind(self);

async function listenOn(url: string): Promise<void> {
  const strategy = closing(server({ url }) as ListenMuxServer);
  const error = await new Promise((resolve) => void strategy.listen(resolve));
  if (error !== undefined) throw error as Error;
}

/** An application as users make it: Nest ends the process for errors of its own methods. */
async function application(...imports: DynamicModule[]): Promise<INestApplication> {
  @Module({ imports })
  class AppModule {}
  return closing(await NestFactory.create(AppModule, { logger: false }));
}

const listening = () => BackchannelModule.forRoot({ server: { url: '127.0.0.1:0', ...services } });
const client1 = (): DynamicModule =>
  BackchannelModule.registerClient({ name: 'HUB', ...unreached });

async function connectTwice(): Promise<void> {
  const app = await application(listening());
  connectBackchannel(app);
  connectBackchannel(app);
}

async function connectPromised(): Promise<void> {
  const app = application();
  try {
    anyhow(connectBackchannel)(app);
  } finally {
    await app; // Before the test is over, so that it closes the application.
  }
}

async function occupied(): Promise<number> {
  const other = closing(createServer()).listen(0, '127.0.0.1');
  await once(other, 'listening');
  return (other.address() as AddressInfo).port;
}

const noProto = { package: 'calls' };
const URL_REMEDY = 'must be "host:port" or "unix:path", such as "localhost:50051", not';
const FOR_ROOT = 'BackchannelModule.forRoot';

describe('a mistake in the code is told by an error with the remedy, on one line', () => {
  it.each<[mistake: string, run: () => unknown, message: string | RegExp]>([
    // Modules
    [
      'forRoot()',
      () => anyhow(BackchannelModule.forRoot, BackchannelModule)(),
      `${FOR_ROOT} needs the option "server": the options of the listening side ({ url, package, protoPath }); an application that only dials uses registerClient`,
    ],
    [
      'forRoot({ server: {} })',
      () => anyhow(BackchannelModule.forRoot, BackchannelModule)({ server: {} }),
      `${FOR_ROOT} needs the option "server.package": a string or an array of strings, the packages of the proto file`,
    ],
    [
      'forRoot with a port for its url',
      () =>
        anyhow(
          BackchannelModule.forRoot,
          BackchannelModule,
        )({ server: { ...services, url: 50051 } }),
      `${FOR_ROOT}: "server.url" must be a string "host:port" or "unix:path", such as "localhost:50051", not 50051 (a number)`,
    ],
    [
      'forRootAsync()',
      () => anyhow(BackchannelModule.forRootAsync, BackchannelModule)(),
      'BackchannelModule.forRootAsync: the options must be an object, not undefined',
    ],
    [
      'registerClient()',
      () => anyhow(BackchannelModule.registerClient, BackchannelModule)(),
      'BackchannelModule.registerClient needs the option "package": a string or an array of strings, the packages of the proto file',
    ],
    [
      'registerClientAsync()',
      () => anyhow(BackchannelModule.registerClientAsync, BackchannelModule)(),
      'BackchannelModule.registerClientAsync needs the option "name": the string that @InjectBackchannelClient(name) has',
    ],
    [
      'two clients with one name',
      () => create(client1(), client1()),
      'BackchannelModule.registerClient: the client name "HUB" is registered 2 times; register each client once, in a module that exports BackchannelModule, and import that module where the client is injected',
    ],
    [
      'connectBackchannel without the module',
      async () => connectBackchannel(await application()),
      'connectBackchannel found nothing to connect: import BackchannelModule.forRoot({ server }), or BackchannelModule.registerClient with the option "backchannel"',
    ],
    [
      'connectBackchannel for a client that serves nothing',
      async () =>
        connectBackchannel(
          await application(
            BackchannelModule.registerClient({
              name: 'HUB',
              ...unreached,
              backchannel: undefined!,
            }),
          ),
        ),
      /^connectBackchannel found nothing to connect: import /,
    ],
    [
      'connectBackchannel twice',
      connectTwice,
      'connectBackchannel: this application is connected already; call it once',
    ],
    [
      'connectBackchannel()',
      () => anyhow(connectBackchannel)(),
      'connectBackchannel: the first argument must be the application of "await NestFactory.create(AppModule)", not undefined',
    ],
    [
      'connectBackchannel of a promise',
      connectPromised,
      'connectBackchannel: the first argument must be the application of "await NestFactory.create(AppModule)", not a promise, which has to be awaited',
    ],
    [
      'getBackchannelClientToken()',
      () => anyhow(getBackchannelClientToken)(),
      'getBackchannelClientToken needs the option "name": the name of the client, as in registerClient({ name })',
    ],
    [
      'getClientHandshakerToken of a number',
      () => anyhow(getClientHandshakerToken)(5),
      'getClientHandshakerToken: "name" must be the name of the client, as in registerClient({ name }), not 5 (a number)',
    ],
    [
      '@InjectBackchannelClient()',
      () => anyhow(InjectBackchannelClient)(),
      '@InjectBackchannelClient needs the option "name": the name of the client, as in registerClient({ name })',
    ],
    // The listening side
    [
      'new ListenMuxServer()',
      () => Reflect.construct(ListenMuxServer, []),
      'ListenMuxServer needs the option "package": a string or an array of strings, the packages of the proto file',
    ],
    [
      'a listening side without a proto file',
      () => Reflect.construct(ListenMuxServer, [noProto]),
      'ListenMuxServer needs "protoPath", the path of the proto file',
    ],
    [
      'a backchannel without a proto file',
      () => server({ backchannel: noProto }),
      'ListenMuxServer: "backchannel" needs "protoPath", the path of the proto file',
    ],
    [
      'a registry that is none',
      () => server({}, {}),
      'ListenMuxServer: the second argument must be a Registry, not {} (an object)',
    ],
    [
      'an unknown part',
      () => server({}, registry, { carier: {} }),
      'ListenMuxServer, its parts: unknown option "carier": did you mean "carrier"?',
    ],
    [
      'a carrier that cannot listen',
      () => server({}, registry, { carrier: {} }),
      /^ListenMuxServer, its parts: "carrier" must be a BackchannelCarrier with the method listen, /,
    ],
    [
      'unwrap before listen',
      () => (server() as ListenMuxServer).unwrap(),
      'there is no gRPC server before listen() and after close()',
    ],
    ...[
      'http://0.0.0.0:0',
      'localhost',
      '50051',
      'localhost:port',
      '0.0.0.0:99999',
      'xds:///x',
    ].map((url): [string, () => unknown, string] => [
      `listening on ${url}`,
      () => listenOn(url),
      `cannot listen on url "${url}": it must be "host:port" or "unix:path", such as "0.0.0.0:50051"`,
    ]),
    [
      'listening on a port that is taken',
      async () => listenOn(`127.0.0.1:${await occupied()}`),
      /^cannot listen on url "127.0.0.1:\d+": listen EADDRINUSE: address already in use 127.0.0.1:\d+: another process listens there, or this one twice; choose another port, or 0 for a free one$/,
    ],
    [
      'listening on an unknown host',
      () => listenOn('nowhere.invalid:50051'),
      'cannot listen on url "nowhere.invalid:50051": getaddrinfo ENOTFOUND nowhere.invalid: no such host; "0.0.0.0:port" listens on all addresses of this machine',
    ],
    [
      'listening on an address of another machine',
      () => listenOn('192.0.2.1:50051'),
      /^cannot listen on url "192.0.2.1:50051": listen EADDRNOTAVAIL: .*: this machine has no such address; /,
    ],
    // The dialing side
    [
      'new BackchannelClient()',
      () => Reflect.construct(BackchannelClient, []),
      'BackchannelClient needs the option "package": a string or an array of strings, the packages of the proto file',
    ],
    [
      'a client without a proto file',
      () => Reflect.construct(BackchannelClient, [noProto]),
      'BackchannelClient needs "protoPath", the path of the proto file',
    ],
    [
      'server credentials on a client',
      () => client({ credentials: ServerCredentials.createInsecure() }),
      /^BackchannelClient: "credentials" must be ChannelCredentials of grpc-js, such as those of watchChannelCredentials\(\), not /,
    ],
    [
      'client credentials on a server',
      () => server({ credentials: insecure }),
      /^ListenMuxServer: "credentials" must be ServerCredentials of grpc-js, such as those of watchServerCredentials\(\), not /,
    ],
    ...(
      [
        ['http://localhost:50051', ': leave out "http://"'],
        ['https://localhost:50051', ': leave out "https://", and set "credentials" for TLS'],
        ['grpc://localhost:50051', ': leave out "grpc://"'],
        ['wss://localhost', ': leave out "wss://", and set "credentials" for TLS'],
        [
          'nobody:///hub',
          ': grpc-js has no resolver for "nobody:"; register one before (for xds, by register() of @grpc/grpc-js-xds)',
        ],
        ['localhost:port', ''],
        ['localhost:50051/hub', ''],
        ['localhost:99999', ': the port must be from 1 to 65535'],
        ['localhost:0', ': the port must be from 1 to 65535'],
        [':50051', ': the host is missing'],
        [' localhost:50051', ': the host contains white space'],
      ] as const
    ).map(([url, remedy]): [string, () => unknown, string] => [
      `dialing ${url}`,
      () => client({ url }),
      `BackchannelClient: "url" ${URL_REMEDY} ${JSON.stringify(url)}${remedy}`,
    ]),
    [
      'parts of a client under a wrong name',
      () => client({}, { network: {} }),
      'BackchannelClient, its parts: unknown option "network": the options are carrier, handshaker, server',
    ],
    [
      'the strategy of a client that serves nothing',
      () => (client({ backchannel: undefined }) as BackchannelClient).strategy,
      'the client of 127.0.0.1:1 has nothing to serve to the other end: set its option "backchannel" ({ package, protoPath })',
    ],
    [
      'a deadline as text',
      () => anyhow(BackchannelClient.prototype.connect, client())('5000'),
      "client.connect: the deadline must be a number of milliseconds, 0 or more, or Infinity, not '5000' (a string); convert text first, as in Number(process.env.NAME)",
    ],
    [
      'a state that there is not',
      () => anyhow(BackchannelClient.prototype.on, client())('connected', () => {}),
      "client.on: the state must be one of idle, connecting, ready, failed, closed, not 'connected' (a string)",
    ],
    [
      'a listener that is none',
      () => anyhow(BackchannelClient.prototype.on, client())('ready'),
      'client.on: the listener must be a function, not undefined',
    ],
    [
      'a service that the packages do not have',
      () => (client() as BackchannelClient).getService('Nope'),
      'The invalid gRPC service (service "Nope" not found); the services of the option "package" are: Calls',
    ],
    // Peers
    [
      'an id as text',
      () => anyhow(Registry.prototype.get, registry)('1'),
      "registry.get: the id must be a number, not '1' (a string); convert text first, as in Number(process.env.NAME)",
    ],
    [
      'the backchannel of no id',
      () => anyhow(Registry.prototype.backchannel, registry)(),
      'registry.backchannel: the id must be a number, not undefined',
    ],
    [
      'no name',
      () => anyhow(Registry.prototype.named, registry)(),
      'registry.named: the name must be a string, not undefined',
    ],
    [
      'waiting for a name',
      () => anyhow(Registry.prototype.waitFor, registry)('agent-7'),
      "Registry.waitFor: the first argument must be a function of a peer, such as (peer) => peer.name === 'agent-7', not 'agent-7' (a string)",
    ],
    [
      'a stub of a peer whose services are unknown',
      () => new Peer(1, conn()).getService('Agent'),
      'cannot make a stub of service "Agent": the services of peers were not declared; set the option "backchannel" ({ package, protoPath }), or use client(StubClass)',
    ],
    [
      'a stub of no class',
      () => anyhow(ClientConn.prototype.client, conn())(),
      'ClientConn.client: the argument must be a class of stubs, generated or loaded by grpc-js, not undefined',
    ],
    [
      'a stream with a short magic',
      () => new Peer(1, conn()).openStream('short'),
      "peer.openStream: the magic must be 11 bytes of ASCII, not 'short' (a string)",
    ],
    // Calls of handlers
    ...[getBackchannel, getPeerId, hasBackchannel, connectionOf].map(
      (read): [string, () => unknown, string] => [
        `${read.name}()`,
        () => anyhow(read)(),
        'the call that a handler gets is needed, not undefined: in Nest it is the third argument of the handler',
      ],
    ),
    [
      'withId of no call',
      () => anyhow(withId)('call', 1),
      "the call that a handler gets is needed, not 'call' (a string): in Nest it is the third argument of the handler",
    ],
    // Without Nest
    [
      'new ServerHandshaker()',
      () => Reflect.construct(ServerHandshaker, []),
      'ServerHandshaker: the first argument must be a Registry, not undefined',
    ],
    [
      'new ClientHandshaker()',
      () => Reflect.construct(ClientHandshaker, []),
      'ClientHandshaker: the first argument must be a function that makes a server, not undefined',
    ],
    [
      'a target that is a number',
      () => anyhow(ClientHandshaker.prototype.createChannel, handshaker())(50051, insecure),
      'ClientHandshaker.createChannel: the target must be a string, not 50051 (a number)',
    ],
    [
      'a target with a scheme of the web',
      () => handshaker().createChannel('http://localhost:50051', insecure),
      `ClientHandshaker.createChannel: the target ${URL_REMEDY} "http://localhost:50051": leave out "http://"`,
    ],
    [
      'a channel without credentials',
      () => anyhow(ClientHandshaker.prototype.createChannel, handshaker())('localhost:1'),
      'ClientHandshaker.createChannel: the credentials must be ChannelCredentials of grpc-js, such as those of watchChannelCredentials(), not undefined',
    ],
    [
      'a handshake without credentials',
      () => anyhow(ClientHandshaker.prototype.clientHandshake, handshaker())(),
      'ClientHandshaker.clientHandshake: the credentials must be ChannelCredentials of grpc-js, such as those of watchChannelCredentials(), not undefined',
    ],
    [
      'a channel over nothing',
      () => anyhow(ClientHandshaker.prototype.createChannelOver, handshaker())(),
      'ClientHandshaker.createChannelOver: the first argument must be a function that opens a byte stream, not undefined',
    ],
    [
      'new ListenMux()',
      () => Reflect.construct(ListenMux, []),
      'ListenMux needs the option "onConnection": a function, which is handed each connection to serve',
    ],
    [
      'a handshaker that is none',
      () => anyhow(ListenMux.prototype.register, mux())({ magic: 'elevenbytes' }),
      "ListenMux.register: the first argument must be a handshaker with a magic and the method handshake, not { magic: 'elevenbytes' } (an object)",
    ],
    [
      'a handshaker without a magic',
      () => anyhow(ListenMux.prototype.register, mux())({ handshake: () => {} }),
      'magic undefined: it must have 11 bytes of ASCII',
    ],
    [
      'a port in place of a server',
      () => anyhow(ListenMux.prototype.attach, mux())(50051),
      'ListenMux.attach: the first argument must be a server of node:net or node:tls, such as createListener(), not 50051 (a number)',
    ],
    [
      'a connection that is no stream',
      () => anyhow(ListenMux.prototype.handle, mux())({}),
      'ListenMux.handle: the first argument must be a stream of bytes (Duplex), not {} (an object)',
    ],
    [
      'a listener with credentials of a client',
      () => anyhow(createListener)(credentials.createSsl()),
      /^createListener: the credentials must be ServerCredentials of grpc-js, such as those of watchServerCredentials\(\), not /,
    ],
    [
      'a time limit as text',
      () => anyhow(createListener)(undefined, '5000'),
      /^createListener: the time limit must be a whole number of milliseconds .* not '5000' \(a string\); convert text first/,
    ],
    [
      'serving with nothing',
      () => anyhow(serveConnections)(),
      'serveConnections: the first argument must be a Server of grpc-js, or one of engine.createServer(), not undefined',
    ],
    [
      'keeping a client connected',
      () => anyhow(keepConnected)({}),
      'keepConnected: the first argument must be a channel, such as that of ClientHandshaker.createChannel, not {} (an object)',
    ],
    [
      'an engine that there is not',
      () => anyhow(engineOf)('grpcjs'),
      '"engine" must be one of built-in, grpc-js or a GrpcEngine, not "grpcjs"',
    ],
    [
      'a misspelt option of yamux',
      () => anyhow(yamuxSessionFactory)({ acceptBackLog: 1 }),
      'yamux: unknown option "acceptBackLog": did you mean "acceptBacklog"?',
    ],
    [
      'watchServerCredentials()',
      () => anyhow(watchServerCredentials)(),
      'watchServerCredentials needs the option "certFile": the path of a PEM file',
    ],
    [
      'a certificate that there is not',
      () => watchServerCredentials({ certFile: '/none.crt', keyFile: '/none.key' }),
      `"certFile" (/none.crt) cannot be used: ENOENT: no such file or directory, open '/none.crt'`,
    ],
    [
      'certificates that are a number',
      () => anyhow(watchChannelCredentials)(5),
      'watchChannelCredentials: the options must be an object, not 5 (a number)',
    ],
    [
      'the health of a client that there is not',
      () => new BackchannelHealthIndicator({ get: () => [] } as never).check({ clients: ['HUB'] }),
      '"clients" names "HUB", which no registerClient does; there are: none',
    ],
    // For tests
    [
      'createTestPair()',
      () => anyhow(createTestPair)(),
      'createTestPair needs the option "listening": a module, or what Test.createTestingModule gives',
    ],
    [
      'a test client of a number',
      () => Reflect.construct(TestClient, [5]),
      'TestClient: the options must be an object, not 5 (a number)',
    ],
  ])('%s', async (_mistake, run, message) => {
    const error = await errorOf(run);

    expect(error.message).not.toMatch(/[\r\n]/);
    if (typeof message === 'string') expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
  });
});

/** As `application`, with errors for who makes it. */
async function create(...imports: DynamicModule[]): Promise<void> {
  @Module({ imports })
  class AppModule {}
  closing(await NestFactory.create(AppModule, { logger: false, abortOnError: false }));
}

async function errorOf(run: () => unknown): Promise<Error> {
  try {
    await run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was wrong with it');
}

/** Has `other` listen until the test is over. */
async function portOf(other: Server & Closable): Promise<number> {
  closing(other).listen(0, '127.0.0.1');
  await once(other, 'listening');
  return (other.address() as AddressInfo).port;
}

const says = (text: string) =>
  createServer((socket) => void socket.on('error', () => {}).write(text));
const hangsUp = () =>
  createServer((socket) => void socket.on('error', () => {}).once('data', () => socket.destroy()));
const speaksTls = () => {
  const { cert_chain, private_key } = keyCertPair('server');
  return createTlsServer({ cert: cert_chain, key: private_key });
};

const NO_TLS =
  'the other end does not speak TLS: set "credentials" on its side too, or leave them out on this side';
const TLS: Partial<BackchannelClientOptions> = { credentials: securities.TLS.client };

/** Message of the first attempt of `dialing` that fails. */
function failureOf(dialing: BackchannelClient): Promise<string | undefined> {
  return new Promise((resolve) => dialing.on('failed', ({ error }) => resolve(error?.message)));
}

describe('whoever dials the wrong end has one line that says so', () => {
  it.each<
    [end: string, () => Server, Partial<BackchannelClientOptions>, problem: RegExp, cause?: RegExp]
  >([
    [
      'an HTTP server',
      () => createHttpServer() as unknown as Server,
      {},
      /^the other end is an HTTP\/1 server, its first bytes are "HTTP\/1\.1 400 Bad Request": check the address and the port$/,
      /^frame of version 72; only 0 exists$/,
    ],
    [
      'an HTTP/2 server',
      () => createHttp2Server() as unknown as Server,
      {},
      /^the other end is an HTTP\/2 server that does not speak yamux, such as a gRPC server without backchannel: check the address and the port$/,
      /^frame for stream 0/,
    ],
    [
      'an SSH server',
      () => says('SSH-2.0-OpenSSH_9.6\r\n'),
      {},
      /^the other end does not speak yamux, its first bytes are "SSH-2\.0-OpenSSH_9\.6": check the address and the port$/,
      /^frame of version 83/,
    ],
    [
      'a server whose first bytes are no text',
      () => says('\u004a\u0000\u0000\u0000\u000a8.0.36\u0000'),
      {},
      /^the other end does not speak yamux, its first bytes are 0x4a0000000a382e30: check the address and the port$/,
      /^frame of version 74/,
    ],
    [
      'a server whose first byte arrives alone',
      () => says('H'),
      {},
      /^the other end does not speak yamux, its first bytes are 0x48: check the address and the port$/,
      /^frame of version 72/,
    ],
    [
      'a server with a TLS alert whose first byte arrives alone',
      () => says('\u0015'),
      {},
      /^the other end speaks TLS, and this side does not: connect with TLS \(the option "credentials"\)$/,
      /^frame of version 21/,
    ],
    [
      'a server that answers with a TLS alert',
      () => says('\u0015\u0003\u0001\u0000\u0002\u0002\u0046'),
      {},
      /^the other end speaks TLS, and this side does not: connect with TLS \(the option "credentials"\)$/,
      /^frame of version 21/,
    ],
    [
      'a TLS server, in plaintext',
      speaksTls,
      {},
      /^(?:.*, before the other end sent a byte; if it expects TLS, set "credentials"|the other end speaks TLS, .*)$/,
      /./,
    ],
    [
      'a server that hangs up',
      hangsUp,
      {},
      /^.*, before the other end sent a byte; if it expects TLS, set "credentials"$/,
      /./,
    ],
    [
      'an end that closes without an answer, by TLS',
      () => hangsUp(),
      TLS,
      /^the connection ended during the TLS handshake: leave out "credentials" if the other end does not speak TLS; otherwise its log says why$/,
    ],
    [
      'an HTTP server, by TLS',
      () => createHttpServer() as unknown as Server,
      TLS,
      new RegExp(`^${NO_TLS}$`),
      /./,
    ],
  ])('%s', async (_end, other, options, problem, cause) => {
    const lines = logLinesOf('BackchannelClient');
    const url = `127.0.0.1:${await portOf(other())}`;
    const dialing = closing(new BackchannelClient({ url, ...services, ...options }));

    const failed = new Promise((resolve) => dialing.on('failed', resolve));
    dialing.connect(10_000).catch(() => {});
    const { error } = (await failed) as { error: Error };

    expect(error.message).toMatch(problem);
    expect(error.message).not.toMatch(/[\r\n]/);
    if (cause !== undefined) expect((error.cause as Error).message).toMatch(cause);
    expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      `warn: cannot connect to ${url}: ${error.message}; trying again`,
    ]);
    await expect(dialing.connect(0)).rejects.toThrow(
      `no connection to ${url} within 0 ms: ${error.message}`,
    );
  });

  it('the plaintext port of a listening side, by TLS: both ends say so', async () => {
    const refused = logLinesOf('ListenMuxServer');
    const { url } = await startListener(services, parts);
    refused.length = 0;
    const dialing = closing(new BackchannelClient({ url, ...services, ...TLS }));

    const failed = failureOf(dialing);
    dialing.connect(10_000).catch(() => {});

    expect(await failed).toBe(NO_TLS);
    await eventually(() => refused[0]).toMatchObject({
      level: 'warn',
      message:
        'connection refused: the client speaks TLS, and this side does not: set "credentials" on this side too, or leave them out of the client',
      data: { code: 'ERR_LISTENMUX_NOT_GRPC' },
    });
  });

  it('a port that refuses the certificate of the client: both ends say so', async () => {
    const refused = logLinesOf('ListenMuxServer');
    const { server: mutual } = securities['mutual TLS'];
    const { url } = await startListener({ ...services, credentials: mutual }, parts);
    refused.length = 0;
    const dialing = closing(new BackchannelClient({ url, ...services, credentials: stranger }));

    const failed = failureOf(dialing);
    dialing.connect(10_000).catch(() => {});

    expect(await failed).toMatch(
      /(?:^|: )the connection was closed after the TLS handshake: the other end may have refused this side, for example its certificate; its log says why$/,
    );
    await eventually(() => refused[0]).toMatchObject({
      message: expect.stringMatching(
        /^connection refused: TLS: the certificate of the client was refused \(/,
      ) as unknown,
      data: { remoteAddress: '127.0.0.1', remotePort: expect.any(Number) as unknown },
    });
  });
});

describe('a listening side has one line for each client that is none', () => {
  it.each<[client: string, bytes: string, secured: boolean, message: string]>([
    [
      'a plaintext client of a TLS port',
      'backchannel',
      true,
      'TLS: the client does not speak TLS: set "credentials" on its side too, or leave them out on this side',
    ],
    [
      'an HTTP client of a TLS port',
      'GET / HTTP/1.1\r\n\r\n',
      true,
      'TLS: the client does not speak TLS: set "credentials" on its side too, or leave them out on this side',
    ],
    [
      'an HTTP client of a plaintext port',
      'GET / HTTP/1.1\r\n\r\n',
      false,
      'the client speaks HTTP/1: this port serves gRPC (HTTP/2) only',
    ],
    ...['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n', '\r\n\r\n\0\r\nQUIT\n!\u0011'].map(
      (bytes, index): [string, string, boolean, string] => [
        `a load balancer with version ${index + 1} of the PROXY protocol`,
        bytes,
        false,
        'the client sends the PROXY protocol: switch it off in the load balancer',
      ],
    ),
    [
      'a client of another protocol',
      'SSH-2.0-OpenSSH_9.6\r\n',
      false,
      'the client does not speak gRPC (HTTP/2): check what connects to this port',
    ],
    [
      'a client of which one byte has arrived',
      'G',
      false,
      'the client does not speak gRPC (HTTP/2): check what connects to this port',
    ],
  ])('%s', async (_client, bytes, secured, message) => {
    const lines = logLinesOf('ListenMuxServer');
    const security = secured ? { credentials: securities.TLS.server } : {};
    const { port } = await startListener({ ...services, ...security }, parts);
    lines.length = 0;
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => void socket.destroy());

    socket.write(bytes);
    socket.resume();
    await once(socket, 'close');

    await eventually(() => lines.map((line) => line.message)).toEqual([
      `connection refused: ${message}`,
    ]);
  });

  it('a TLS client of a plaintext port', async () => {
    const lines = logLinesOf('ListenMuxServer');
    const { port } = await startListener(services, parts);
    lines.length = 0;
    const socket = connectTls({ port, host: '127.0.0.1' }).on('error', () => {});

    await new Promise((resolve) => socket.once('close', resolve));

    await eventually(() => lines.map((line) => line.message)).toEqual([
      'connection refused: the client speaks TLS, and this side does not: set "credentials" on this side too, or leave them out of the client',
    ]);
  });
});

describe.skipIf(isGrpcJs)('an engine that is swapped is told by one line', () => {
  it.each<[why: string, Partial<BackchannelClientOptions>, message: string]>([
    [
      'a target that needs a resolver',
      { url: 'test-scheme:///hub' },
      'the client of test-scheme:///hub runs on grpc-js, not on the built-in engine: the target "test-scheme:///hub" needs a resolver',
    ],
    [
      'a service config',
      { channelOptions: { 'grpc.service_config': '{}' } },
      'the client of 127.0.0.1:1 runs on grpc-js, not on the built-in engine: "grpc.service_config" is set',
    ],
  ])('for %s', (_why, options, message) => {
    registerTestResolver('test-scheme');
    const lines = logLinesOf('BackchannelClient');

    client(options);

    expect(lines.map((line) => `${line.level}: ${line.message}`)).toEqual([`warn: ${message}`]);
  });
});

describe('two live peers with one name', () => {
  const MINUTE_MS = 60_000;

  function startClock() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const lines = logLinesOf('ListenMuxServer');
    const peers = new Registry();
    server({}, peers);
    const connects = (name?: string) =>
      peers.registerBackchannel(conn(), { identity: name === undefined ? {} : { name } });
    const warnings = () =>
      lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
    return { peers, connects, warnings };
  }

  it('are told by one line when both have been there for a minute', () => {
    const { connects, warnings } = startClock();
    connects('agent-7');
    connects('agent-7');
    vi.advanceTimersByTime(MINUTE_MS - 1);
    expect(warnings()).toEqual([]);

    vi.advanceTimersByTime(1);
    connects('agent-7');
    vi.advanceTimersByTime(MINUTE_MS);

    expect(warnings()).toEqual([
      'peers 1 (no address) and 2 (no address) have the same name "agent-7": registry.named("agent-7") finds only the newest one; have authorizePeer give each program a name of its own',
    ]);
  });

  it('are not told of a peer whose old connection goes within that time', () => {
    const { peers, connects, warnings } = startClock();
    const old = connects('agent-7');
    connects('agent-7');
    vi.advanceTimersByTime(40_000);

    peers.removeBackchannel(old);
    vi.advanceTimersByTime(MINUTE_MS);

    expect(warnings()).toEqual([]);
  });

  it('leave nothing behind when one of them goes', () => {
    const { peers, connects } = startClock();
    connects('agent-7');
    const younger = connects('agent-7');

    peers.removeBackchannel(younger);

    expect(vi.getTimerCount()).toBe(0);
  });

  it('are told of when a third one has gone', () => {
    const { peers, connects, warnings } = startClock();
    const first = connects('agent-7');
    for (let others = 0; others < 2; others += 1) connects('agent-7');

    peers.removeBackchannel(first);
    vi.advanceTimersByTime(MINUTE_MS);

    expect(warnings()).toEqual([expect.stringMatching(/^peers 2 .* and 3 .* have the same name/)]);
  });

  it('are not told of peers with other names, or with none', () => {
    const { connects, warnings } = startClock();
    for (const name of ['agent-7', 'agent-8', undefined, undefined]) connects(name);

    vi.advanceTimersByTime(MINUTE_MS);

    expect(warnings()).toEqual([]);
  });
});
