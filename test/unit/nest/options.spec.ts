import { credentials, ServerCredentials } from '@grpc/grpc-js';
import { NestFactory } from '@nestjs/core';
import { Module, type DynamicModule } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  Backchannel,
  BackchannelClient,
  BackchannelHealthIndicator,
  BackchannelModule,
  ClientHandshaker,
  connectBackchannel,
  ListenMux,
  ListenMuxServer,
  OptionError,
  PeerId,
  Registry,
  ServerHandshaker,
  watchChannelCredentials,
  watchServerCredentials,
  type BackchannelModuleOptions,
} from 'nestjs-backchannel';
import { builtInEngine } from 'nestjs-backchannel/core';
import { toDialingChannelOptions } from '../../../lib/nest/options/channel-options.js';
import { CLIENT_RULES } from '../../../lib/nest/options/option-rules.js';
import { verifyOptions } from '../../../lib/options/index.js';
import { callsProto } from '../../fixtures/nest/protos.js';
import { closing } from '../../fixtures/nest/in-test.js';

/** Calls an entry point with options that do not fit its type. */
type EntryPoint = (options: never) => unknown;

/** Creates an application and nothing more. */
async function create(module: DynamicModule): Promise<void> {
  @Module({ imports: [module] })
  class AppModule {}
  closing(await NestFactory.create(AppModule, { logger: false, abortOnError: false }));
}

const services = { ...callsProto, backchannel: callsProto };

const serverCalls: Record<string, EntryPoint> = {
  ListenMuxServer: (options: object) => new ListenMuxServer({ ...services, ...options }),
  'BackchannelModule.forRoot': (options: object) =>
    BackchannelModule.forRoot({ server: { ...services, ...options } }),
  'BackchannelModule.forRootAsync': (options: object) =>
    create(
      BackchannelModule.forRootAsync({
        useFactory: () => ({ server: { ...services, ...options } }),
      }),
    ),
};

const clientCalls: Record<string, EntryPoint> = {
  BackchannelClient: (options: object) => new BackchannelClient({ ...services, ...options }),
  'BackchannelModule.registerClient of "HUB"': (options: object) =>
    BackchannelModule.registerClient({ name: 'HUB', ...services, ...options }),
  'BackchannelModule.registerClientAsync of "HUB"': (options: object) =>
    create(
      BackchannelModule.registerClientAsync({
        name: 'HUB',
        useFactory: () => ({ ...services, ...options }),
      }),
    ),
};

const otherCalls: Record<string, EntryPoint> = {
  ListenMux: (options: object) => new ListenMux({ onConnection: () => {}, ...options }),
  ServerHandshaker: (options) => new ServerHandshaker(new Registry(), options),
  ClientHandshaker: (options) => new ClientHandshaker(() => builtInEngine.createServer(), options),
  watchServerCredentials: (options: object) =>
    watchServerCredentials({ certFile: 'none.crt', keyFile: 'none.key', ...options }),
  watchChannelCredentials: (options: object) =>
    watchChannelCredentials({ caFile: 'none.crt', ...options }),
  'Registry.waitFor': (options) => new Registry().waitFor(() => true, options),
  BackchannelHealthIndicator: (options) =>
    new BackchannelHealthIndicator({ get: () => [] } as never).check(options),
  connectBackchannel: (options) => connectBackchannel({} as never, options),
  '@Backchannel': (options) => Backchannel(options),
  '@PeerId': (options) => PeerId(options),
  'BackchannelModule.forRoot': (options: object) =>
    BackchannelModule.forRoot({ server: services, ...options }),
  'BackchannelModule.forRootAsync': (options: object) =>
    BackchannelModule.forRootAsync({ useFactory: () => ({ server: services }), ...options }),
  'BackchannelModule.registerClientAsync of "HUB"': (options: object) =>
    BackchannelModule.registerClientAsync({
      name: 'HUB',
      useFactory: () => services,
      ...options,
    }),
};

async function errorOf(call: EntryPoint, options: object): Promise<OptionError> {
  try {
    await call(options as never);
  } catch (error) {
    if (error instanceof OptionError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(options)} was accepted`);
}

/** Each with the path of what is wrong, from the options of a side on, and with what the error says. */
const mistakesOfServers: [options: object, path: string, says: string | RegExp][] = [
  [{ authorisePeer: () => ({}) }, 'authorisePeer', /did you mean "(server\.)?authorizePeer"\?/],
  [
    { allowPlainClient: false },
    'allowPlainClient',
    /did you mean "(server\.)?allowPlainClients"\?/,
  ],
  [{ allowPlainClients: 'false' }, 'allowPlainClients', `not 'false' (a string)`],
  [{ authorizePeer: true }, 'authorizePeer', 'not true (a boolean)'],
  [{ credentials: null }, 'credentials', 'must be ServerCredentials of grpc-js'],
  [{ credentials: credentials.createInsecure() }, 'credentials', 'must be ServerCredentials'],
  [{ maxConnections: '100' }, 'maxConnections', `not '100' (a string)`],
  [{ maxHandshakes: Number.NaN }, 'maxHandshakes', 'not NaN (a number)'],
  [{ handshakeTimeoutMs: null }, 'handshakeTimeoutMs', 'leave it out'],
  [{ health: 'true' }, 'health', 'must be true, false, or have the methods'],
  [{ reflection: 1 }, 'reflection', 'must be true or false, not 1'],
  [{ unknownMethodHandler: {} }, 'unknownMethodHandler', 'must be a function'],
  [{ backchannel: { ...callsProto, interceptors: {} } }, 'backchannel.interceptors', 'an array'],
  [
    { backchannel: { ...callsProto, url: 'x' } },
    'backchannel.url',
    /did you mean "(server\.)?url"\?/,
  ],
  [{ lazy: true }, 'lazy', 'unknown option'],
];

const mistakesOfClients: [options: object, path: string, says: string | RegExp][] = [
  [{ lasy: true }, 'lasy', 'did you mean "lazy"?'],
  [{ lazy: 'false' }, 'lazy', `not 'false' (a string)`],
  [
    { credentials: ServerCredentials.createInsecure() },
    'credentials',
    'must be ChannelCredentials',
  ],
  [{ backchannel: { ...callsProto, health: {} } }, 'backchannel.health', 'must be true, false'],
  [{ unknownMethodHandler: () => {} }, 'unknownMethodHandler', 'backchannel.unknownMethodHandler'],
  [{ allowPlainClients: false }, 'allowPlainClients', 'unknown option'],
];

const mistakesOfBoth: [options: object, path: string, says: string | RegExp][] = [
  [{ drainMs: '5000' }, 'drainMs', `not '5000' (a string)`],
  [{ drainMs: -1 }, 'drainMs', 'not -1 (a number)'],
  [{ drainMs: [5000] }, 'drainMs', 'not [ 5000 ] (an array)'],
  [{ drainMS: 5000 }, 'drainMS', /did you mean "(server\.)?drainMs"\?/],
  [{ gracefulShutdown: 'yes' }, 'gracefulShutdown', 'must be true or false'],
  [{ engine: 'grpcjs' }, 'engine', 'must be one of built-in, grpc-js or a GrpcEngine'],
  [{ engine: {} }, 'engine', 'not {} (an object)'],
  [{ sessionFactory: {} }, 'sessionFactory', 'must be a function'],
  [{ yamux: { acceptBacklog: '1' } }, 'yamux.acceptBacklog', `not '1' (a string)`],
  [{ yamux: { acceptBackLogs: 1 } }, 'yamux.acceptBackLogs', /yamux\.acceptBacklog"\?/],
  [
    { yamux: { initialStreamWindowSize: 2 ** 20, maxStreamWindowSize: 2 ** 19 } },
    'yamux',
    'less than its initialStreamWindowSize',
  ],
  [
    { yamux: { keepAlive: true, connectionWriteTimeoutMs: 0 } },
    'yamux',
    'has a "connectionWriteTimeoutMs" of 0, so its keepAlive would never notice a dead peer',
  ],
  [{ acceptBacklog: 1 }, 'acceptBacklog', /did you mean "(server\.)?yamux\.acceptBacklog"\?/],
  [{ keepalive: { keepaliveTimeMS: 1 } }, 'keepalive.keepaliveTimeMS', 'keepaliveTimeMs"?'],
  [{ keepalive: { keepaliveTimeMs: '1' } }, 'keepalive.keepaliveTimeMs', 'must be a number'],
  [{ channelOptions: [] }, 'channelOptions', 'must be an object'],
  [{ maxMetadataSize: -1 }, 'maxMetadataSize', 'whole number from 0 to 4294967295, or Infinity'],
  [{ maxMetadataSize: 0.5 }, 'maxMetadataSize', 'not 0.5 (a number)'],
  [{ maxMetadataSize: '16384' }, 'maxMetadataSize', 'convert text first'],
  [
    { backchannel: { ...callsProto, maxMetadataSize: 2 ** 32 } },
    'backchannel.maxMetadataSize',
    'not 4294967296 (a number)',
  ],
  [{ url: 50_051 }, 'url', 'such as "localhost:50051", not 50051 (a number)'],
  [{ url: '' }, 'url', 'must be a string "host:port" or "unix:path"'],
  [{ package: undefined }, 'package', 'a string or an array of strings, the packages of the proto'],
  [
    { backchannel: { package: 'calls' } },
    'backchannel',
    'needs "protoPath", the path of the proto file',
  ],
  [{ package: [1] }, 'package', 'must be a string or an array of strings'],
  [{ maxReceiveMessageLength: '4' }, 'maxReceiveMessageLength', 'must be a number'],
  [{ services: 'Calls' }, 'services', 'must be an array of names of services'],
  [{ transport: 4 }, 'transport', 'unknown option'],
];

describe.each(Object.entries(serverCalls))('%s', (name, call) => {
  const prefix = name === 'ListenMuxServer' ? '' : 'server.';

  it.each([...mistakesOfServers, ...mistakesOfBoth])('refuses %o', async (options, path, says) => {
    const error = await errorOf(call, options);

    expect(error.message).toContain(name);
    expect(error.message).toContain(`"${prefix}${path}"`);
    expect(error.message).toMatch(says);
    expect(error.option).toBe(`${prefix}${path}`);
  });
});

describe.each(Object.entries(clientCalls))('%s', (name, call) => {
  it.each([...mistakesOfClients, ...mistakesOfBoth])('refuses %o', async (options, path, says) => {
    const error = await errorOf(call, options);

    expect(error.message).toContain(name);
    expect(error.message).toContain(`"${path}"`);
    expect(error.message).toMatch(says);
    expect(error.option).toBe(path);
  });
});

describe('other entry points', () => {
  it.each<[call: string, options: object, says: string]>([
    ['ListenMux', { onConnections: () => {} }, 'did you mean "onConnection"?'],
    ['ListenMux', { onConnection: undefined }, 'ListenMux needs the option "onConnection"'],
    ['ListenMux', { onHandshakeError: 'log' }, `must be a function, not 'log' (a string)`],
    ['ListenMux', { maxConnection: 1 }, 'did you mean "maxConnections"?'],
    ['ServerHandshaker', { authorisePeer: () => {} }, 'did you mean "authorizePeer"?'],
    ['ServerHandshaker', { authorizePeer: {} }, '"authorizePeer" must be a function'],
    ['ServerHandshaker', { drainMs: '1' }, `not '1' (a string)`],
    ['ServerHandshaker', { interceptors: [{}] }, 'must be an array of interceptors'],
    ['ClientHandshaker', { drainMs: Infinity }, 'not Infinity (a number)'],
    ['ClientHandshaker', { yamux: {} }, 'unknown option "yamux"'],
    ['watchServerCredentials', { cafile: 'ca.crt' }, 'did you mean "caFile"?'],
    ['watchServerCredentials', { requireClientCertificate: 'false' }, 'must be true or false'],
    ['watchServerCredentials', { refreshMs: '60000' }, 'must be a whole number of milliseconds'],
    ['watchServerCredentials', { certFile: undefined }, 'needs the option "certFile"'],
    ['watchChannelCredentials', { onErrors: () => {} }, 'did you mean "onError"?'],
    [
      'watchChannelCredentials',
      { verifyOptions: { checkServerIdentiy: () => undefined } },
      'did you mean "verifyOptions.checkServerIdentity"?',
    ],
    ['Registry.waitFor', { deadline: 1 }, 'did you mean "deadlineMs"?'],
    ['Registry.waitFor', { deadlineMs: '1' }, `not '1' (a string)`],
    ['BackchannelHealthIndicator', { minPeer: 1 }, 'did you mean "minPeers"?'],
    ['BackchannelHealthIndicator', { clients: 'HUB' }, 'must be an array of names of clients'],
    ['connectBackchannel', { inheritAppConfg: true }, 'did you mean "inheritAppConfig"?'],
    ['connectBackchannel', { inheritAppConfig: 'true' }, 'must be true or false'],
    ['@Backchannel', { optionel: true }, 'did you mean "optional"?'],
    ['@Backchannel', { service: '' }, 'must be a string that is not empty'],
    ['@PeerId', { optional: 'yes' }, 'must be true or false'],
    ['BackchannelModule.forRoot', { isGlobal: 'false' }, '"isGlobal" must be true or false'],
    ['BackchannelModule.forRoot', { authoriser: Date }, 'did you mean "authorizer"?'],
    ['BackchannelModule.forRoot', { authorizer: {} }, 'must be an injectable class'],
    ['BackchannelModule.forRoot', { drainMs: 5000 }, 'did you mean "server.drainMs"?'],
    ['BackchannelModule.forRoot', { server: null }, '"server" must be'],
    ['BackchannelModule.forRootAsync', { useFactoy: () => ({}) }, 'did you mean "useFactory"?'],
    ['BackchannelModule.forRootAsync', { useClass: Date }, 'not useFactory and useClass'],
    ['BackchannelModule.forRootAsync', { useFactory: undefined }, 'needs one of useFactory'],
    ['BackchannelModule.registerClientAsync of "HUB"', { inject: 'URL' }, 'must be an array'],
    ['BackchannelModule.registerClientAsync of "HUB"', { useFactory: 'x' }, 'must be a function'],
  ])('%s refuses %o', async (name, options, says) => {
    const { message } = await errorOf(otherCalls[name]!, options);

    expect(message).toContain(name);
    expect(message).toContain(says);
  });

  it('does not advise to leave out an option that is needed', async () => {
    const { message } = await errorOf(otherCalls['BackchannelModule.forRoot']!, { server: null });

    expect(message).not.toContain('leave it out');
  });

  it.each([undefined, '', 7])('registerClient refuses the name %o', (name) => {
    const options = { name: name as string, ...services };

    expect(() => BackchannelModule.registerClient(options)).toThrow(
      /^BackchannelModule\.registerClient.*"name"/,
    );
  });

  it('forRootAsync refuses what belongs beside its factory', async () => {
    const module = BackchannelModule.forRootAsync({
      useFactory: () => ({ server: services, isGlobal: false }) as BackchannelModuleOptions,
    });

    await expect(create(module)).rejects.toThrow(
      'BackchannelModule.forRootAsync, options of its factory: unknown option "isGlobal"',
    );
  });

  it('refuse an authorizer that cannot authorize', async () => {
    class Authorizer {
      authorise(): void {}
    }
    const module = BackchannelModule.forRoot({ server: services, authorizer: Authorizer as never });

    await expect(create(module)).rejects.toThrow('a class with the method authorizePeer');
  });
});

describe('options of the stock transport', () => {
  const stock = {
    ...callsProto,
    url: '127.0.0.1:0',
    maxSendMessageLength: -1,
    maxReceiveMessageLength: Infinity,
    maxMetadataSize: 16_384,
    keepalive: {
      keepaliveTimeMs: 1000.5,
      keepaliveTimeoutMs: -1,
      keepalivePermitWithoutCalls: 1,
      http2MaxPingsWithoutData: 0,
      http2MinTimeBetweenPingsMs: 1,
      http2MinPingIntervalWithoutDataMs: 1,
      http2MaxPingStrikes: 0,
    },
    channelOptions: { 'grpc.lb_policy_name': 'pick_first', 'grpc.of_tomorrow': [] },
    loader: { keepCase: true, longs: String, preferTrailingComment: true, includeDirs: ['.'] },
    protoLoader: '@grpc/proto-loader',
    onLoadPackageDefinition: () => {},
    gracefulShutdown: true,
  };
  const unset = Object.fromEntries(
    [...Object.keys(stock), 'credentials', 'lazy', 'yamux', 'misspelt'].map((name) => [
      name,
      undefined,
    ]),
  );

  it('are what they are on both sides', () => {
    expect(() => new ListenMuxServer({ ...stock, backchannel: stockServices() })).not.toThrow();
    const dialing = { ...stock, url: '127.0.0.1:1', backchannel: stockServices() };
    expect(() => new BackchannelClient(dialing)).not.toThrow();
  });

  it('count as not given if they are undefined, as all options do', () => {
    const options = { ...unset, ...callsProto };

    expect(() => new ListenMuxServer(options)).not.toThrow();
    expect(() => new BackchannelClient(options)).not.toThrow();
  });

  /** Those that are about services. */
  function stockServices() {
    const { url: _url, gracefulShutdown: _graceful, ...others } = stock;
    return others;
  }
});

describe('a default', () => {
  it('holds where the option is undefined, in nested options as well', () => {
    const keepalive = { keepaliveTimeMs: undefined as never };
    const options = verifyOptions('test', CLIENT_RULES, { ...callsProto, keepalive });

    expect(toDialingChannelOptions(options)).toMatchObject({ 'grpc.keepalive_time_ms': 30_000 });
  });
});
