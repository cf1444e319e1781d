import { once } from 'node:events';
import { status, type ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { Inject, Injectable, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { filter, firstValueFrom } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  BackchannelClient,
  BackchannelModule,
  connectBackchannel,
  connectionOf,
  ListenMuxServer,
  NotConnectedError,
  PEER_AUTHORIZER,
  PeerRefusedError,
  Registry,
  type AuthorizePeer,
  type BackchannelClientOptions,
  type ConnectionState,
  type ListenMuxServerOptions,
  type PeerAuthorizer,
  type PeerCandidate,
  type PeerConnectionInfo,
  type PeerEvent,
} from 'nestjs-backchannel';
import { dial, urlOf } from '../../fixtures/nest/apps.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { endOf, soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { kindsOfClient } from '../../fixtures/nest/kinds-of-client.js';
import { logLinesOf } from '../../fixtures/nest/log-lines.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';
import { callOf, GREETING, MAGIC, OPEN, rawDialer } from '../../fixtures/nest/raw-dialer.js';
import { securities } from '../../fixtures/nest/tls.js';

const services = { ...callsProto, backchannel: callsProto };
const parts = { controllers: [CallsController] };

const refuse =
  (error: unknown): AuthorizePeer =>
  () => {
    throw error;
  };

/** A listening side with this `authorizePeer`, and all that its registry ever tells. */
async function startGuarded(
  authorizePeer: AuthorizePeer,
  options: Partial<ListenMuxServerOptions> = {},
) {
  const listener = await startListener({ ...services, ...options, authorizePeer }, parts);
  const events: PeerEvent[] = [];
  listener.registry.peers$.subscribe((event) => events.push(event));
  return { ...listener, events, controller: listener.app.get(CallsController) };
}

/** A client that is closed with its test, and connects when it is told to. */
const newClient = (url: string, options: Partial<BackchannelClientOptions> = {}) =>
  closing(new BackchannelClient({ url, ...services, ...options }));

/** Has `client` connect, and resolves when it has or has not. */
async function outcomeOf(client: BackchannelClient): Promise<ConnectionState> {
  client.connect().catch(() => {});
  const isOutcome = ({ state }: ConnectionState) => state === 'ready' || state === 'failed';
  return soon(firstValueFrom(client.connection$.pipe(filter(isOutcome))));
}

const echo = (client: BackchannelClient, text: string) =>
  firstValueFrom(client.getService<Calls>('Calls').echo({ text }));

describe('authorizePeer', () => {
  it.each(['insecure', 'TLS', 'mutual TLS'] as const)(
    'is told with %s all that is known of who dials',
    async (kind) => {
      const { server, client } = securities[kind];
      const candidates: PeerCandidate[] = [];
      const { port, registry } = await startGuarded(
        (candidate) => void candidates.push(candidate),
        { credentials: server },
      );

      await newClient(`localhost:${port}`, { credentials: client }).connect();

      const [candidate] = candidates;
      const [peer] = registry;
      expect(candidates).toHaveLength(1);
      expect(candidate!.remoteAddress).toBe(peer!.remoteAddress);
      expect(candidate!.remotePort).toBe(peer!.remotePort);
      expect(candidate!.tls?.encrypted).toBe(kind === 'insecure' ? undefined : true);
      expect(candidate!.certificate?.subject.CN).toBe(
        kind === 'mutual TLS' ? 'client (tests of nestjs-backchannel)' : undefined,
      );
      expect(candidate!.certificate?.raw).toEqual(peer!.certificate?.raw);
      expect(candidate!.signal.aborted).toBe(false);
    },
  );

  it.each<[string, AuthorizePeer, string | undefined]>([
    ['a name', () => ({ name: 'press' }), 'press'],
    ['a name later', async () => ({ name: 'press' }), 'press'],
    ['nothing', () => {}, undefined],
    ['nothing later', async () => {}, undefined],
    ['no name', () => ({}), undefined],
  ])('lets in who it says %s of', async (_what, authorizePeer, name) => {
    const { url, registry } = await startGuarded(authorizePeer);

    const client = newClient(url);
    await client.connect();

    const [peer] = registry;
    expect(peer!.name).toBe(name);
    expect(peer!.identity.name).toBe(name);
    expect(registry.named('press')).toBe(name === undefined ? undefined : peer);
    expect(await echo(client, 'hello')).toEqual({ text: 'hello' });
  });

  it('is known to the calls of the peer', async () => {
    const identities: unknown[] = [];
    const interceptor: ServerInterceptor = (_method, call) => {
      identities.push((connectionOf(call) as PeerConnectionInfo).identity);
      return call as ServerInterceptingCall;
    };
    const channelOptions = { interceptors: [interceptor] } as object;
    const { url } = await startGuarded(() => ({ name: 'press' }), { channelOptions });
    const client = newClient(url);
    await client.connect();

    await echo(client, 'hello');

    expect(identities).toEqual([{ name: 'press' }]);
  });

  it('runs before there is a peer, and before any call is handled', async () => {
    const order: string[] = [];
    const answers: (() => void)[] = [];
    const { port, registry, controller } = await startGuarded(() => {
      order.push('asked');
      return new Promise((resolve) => answers.push(resolve));
    });
    controller.events.on('started', () => order.push('handled'));
    registry.peers$.subscribe(({ type }) => order.push(type));

    rawDialer(port, MAGIC, OPEN, GREETING, callOf('/calls.Calls/Echo'));
    await eventually(() => answers.length).toBe(1);
    expect(registry.size).toBe(0);
    answers[0]!();

    await eventually(() => order).toEqual(['asked', 'connected', 'handled']);
  });

  it('is asked again whenever a dialing side connects again', async () => {
    let asked = 0;
    const { url, registry } = await startGuarded(() => ({ name: `press ${(asked += 1)}` }));
    await startDialer({ url, ...services }, parts);

    await registry.named('press 1')!.close();

    await soon(registry.waitFor(({ name }) => name === 'press 2'));
  });

  it('has nobody wait for an answer that is for somebody else', async () => {
    const answers: (() => void)[] = [];
    const { url, registry } = await startGuarded(() => {
      if (answers.length > 0) return undefined;
      return new Promise((resolve) => answers.push(resolve));
    });
    const first = newClient(url);
    const firstConnects = first.connect();
    await eventually(() => answers.length).toBe(1);

    const others = Array.from({ length: 10 }, () => newClient(url));
    await soon(Promise.all(others.map((client) => client.connect())));
    expect(registry.size).toBe(10);
    answers[0]!();

    await soon(firstConnects);
    expect(registry.size).toBe(11);
  });

  it('does not concern plain clients', async () => {
    const { url } = await startGuarded(refuse(new PeerRefusedError('nobody')));
    const [, create] = kindsOfClient.find(([kind]) => kind === 'plain')!;

    const reply = create(url, securities.insecure.client).echo({ text: 'plain' });

    expect(await firstValueFrom(reply)).toEqual({ text: 'plain' });
  });
});

describe('who is refused', () => {
  /** Ways to say no. */
  const ways: [string, AuthorizePeer][] = [
    ['at once', refuse(new PeerRefusedError('no seat left'))],
    ['later', () => Promise.reject(new PeerRefusedError('no seat left'))],
  ];

  it.each(ways)('%s is told why, if it is of this engine', async (_when, authorizePeer) => {
    const { url } = await startGuarded(authorizePeer);
    const client = newClient(url, { engine: 'built-in' });

    await outcomeOf(client);

    const why = 'peer refused: no seat left';
    expect(client.connection).toMatchObject({ state: 'failed', error: { message: why } });
    const error = await endOf(client.connect(5));
    expect(error).toBeInstanceOf(NotConnectedError);
    expect(error.message).toBe(`no connection to ${url} within 5 ms: ${why}`);
    expect(error.cause).toMatchObject({ message: why });
    expect(await endOf(echo(client, ''))).toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining(why),
    });
  });

  it('sees a connection that failed, if it is of grpc-js', async () => {
    const { url, events } = await startGuarded(refuse(new PeerRefusedError('no seat left')));
    const client = newClient(url, { engine: 'grpc-js' });

    expect(await outcomeOf(client)).toMatchObject({ state: 'failed' });
    expect(await endOf(echo(client, ''))).toMatchObject({ code: status.UNAVAILABLE });
    expect(events).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['an error', new Error('the password of the database is wrong')],
    ['a string', 'the password of the database is wrong'],
    ['nothing', undefined],
  ])('by %s is not told more than that', async (_what, thrown) => {
    const { url } = await startGuarded(refuse(thrown));
    const client = newClient(url, { engine: 'built-in' });

    expect(await outcomeOf(client)).toMatchObject({
      state: 'failed',
      error: { message: 'peer refused: not authorized' },
    });
  });

  it.each(['built-in', 'grpc-js'] as const)(
    'tries again ever more slowly, with the engine %s',
    async (engine) => {
      const times: number[] = [];
      const { url } = await startGuarded(() => {
        times.push(performance.now());
        throw new PeerRefusedError('not yet');
      });
      const client = newClient(url, {
        engine,
        channelOptions: {
          'grpc.initial_reconnect_backoff_ms': 100,
          'grpc.max_reconnect_backoff_ms': 10_000,
        },
      });
      // The longest of all waits. Not before there is an application: Nest draws ids in advance.
      const random = vi.spyOn(Math, 'random').mockReturnValue(1);
      onTestFinished(() => random.mockRestore());
      client.connect(10_000).catch(() => {});

      await eventually(() => times.length).toBe(4);

      // With grpc-js the first wait has begun before the first attempt came here.
      expect(times[3]! - times[0]!).toBeGreaterThan(0.6 * (100 + 160 + 256));
    },
  );

  it('is let in when it is not refused any more', async () => {
    let open = false;
    const { url, registry } = await startGuarded(() => {
      if (!open) throw new PeerRefusedError('not yet');
    });
    const channelOptions = { 'grpc.initial_reconnect_backoff_ms': 20 };
    const { client } = await dialing(url, { channelOptions });
    await eventually(() => client.connection.state).toBe('failed');

    open = true;

    await soon(registry.waitFor());
    await client.connect();
    expect(await echo(client, 'at last')).toEqual({ text: 'at last' });
  });

  it('never reaches a handler, though the whole call comes right behind the magic', async () => {
    const { port, events, controller } = await startGuarded(refuse(new PeerRefusedError('no')));
    let handled = 0;
    controller.events.on('started', () => (handled += 1));

    const whole = [MAGIC, OPEN, GREETING, callOf('/calls.Calls/Echo')];
    const refused = Array.from({ length: 20 }, () => rawDialer(port, ...whole));
    await soon(Promise.all(refused.map((socket) => once(socket, 'close'))));

    expect(handled).toBe(0);
    expect(events).toEqual([]);
  });

  it('leaves nothing behind', async () => {
    const { port, server, registry } = await startGuarded(refuse(new PeerRefusedError('no')));
    const refused = Array.from({ length: 20 }, () => rawDialer(port, MAGIC, OPEN, GREETING));
    await soon(Promise.all(refused.map((socket) => once(socket, 'close'))));

    expect(registry.size).toBe(0);
    await soon(server.close()); // Waits for the connections that there are.
  });
});

describe('an answer that takes long', () => {
  /** A listening side that never answers, and the signals of those who ask. */
  async function startSilent(options: Partial<ListenMuxServerOptions> = {}) {
    const signals: AbortSignal[] = [];
    const guarded = await startGuarded(({ signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    }, options);
    return { ...guarded, signals };
  }

  it.each<[string, (socket: ReturnType<typeof rawDialer>) => void]>([
    ['hangs up', (socket) => socket.end()],
    ['breaks the connection', (socket) => socket.resetAndDestroy()],
  ])('is not waited for when who asked %s', async (_how, leave) => {
    const { port, events, signals } = await startSilent();
    const lines = logLinesOf('ListenMuxServer');
    const socket = rawDialer(port, MAGIC, OPEN, GREETING);
    await eventually(() => signals.length).toBe(1);

    leave(socket);

    await eventually(() => signals[0]!.aborted).toBe(true);
    await eventually(() => lines.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^connection refused: the connection ended before the client was authorized/,
      ),
    ]);
    expect(events).toEqual([]);
  });

  it('is waited for no longer than handshakeTimeoutMs', async () => {
    const { port, events, signals } = await startSilent({ handshakeTimeoutMs: 50 });
    const lines = logLinesOf('ListenMuxServer');

    await soon(once(rawDialer(port, MAGIC, OPEN, GREETING), 'close'));

    expect(signals[0]!.aborted).toBe(true);
    await eventually(() => lines.map(({ message }) => message)).toEqual([
      'connection refused: the connection ended before the client was authorized (no complete handshake within 50 ms)',
    ]);
    expect(events).toEqual([]);
  });

  it('does not keep the application from closing', async () => {
    const { app, port, signals } = await startSilent();
    const socket = rawDialer(port, MAGIC, OPEN, GREETING);
    await eventually(() => signals.length).toBe(1);

    await soon(app.close());

    expect(signals[0]!.aborted).toBe(true);
    if (!socket.closed) await soon(once(socket, 'close'));
  });
});

describe('allowPlainClients: false', () => {
  const guarded = { allowPlainClients: false };

  it.each(['insecure', 'TLS'] as const)(
    'serves multiplexed clients only, with %s',
    async (kind) => {
      const { server, client } = securities[kind];
      const { port } = await startListener({ ...services, ...guarded, credentials: server }, parts);

      const outcomes = kindsOfClient.map(async ([name, create]) => {
        const call = firstValueFrom(create(`localhost:${port}`, client).echo({ text: name }));
        return [name, await call.catch(({ code }: { code: status }) => code)];
      });

      expect(Object.fromEntries(await Promise.all(outcomes))).toEqual({
        multiplexed: { text: 'multiplexed' },
        plain: status.UNAVAILABLE,
      });
    },
  );

  it('has no call of a plain client handled', async () => {
    const listener = await startListener({ ...services, ...guarded }, parts);
    let handled = 0;
    listener.app.get(CallsController).events.on('started', () => (handled += 1));

    const socket = rawDialer(
      listener.port,
      GREETING.subarray(12),
      callOf('/calls.Calls/Echo').subarray(12),
    );
    await soon(once(socket, 'close'));

    expect(handled).toBe(0);
  });
});

describe('an authorizer', () => {
  @Injectable()
  class Seats {
    left = 1;
  }

  @Module({ providers: [Seats], exports: [Seats] })
  class SeatsModule {}

  @Injectable()
  class SeatAuthorizer implements PeerAuthorizer {
    constructor(
      @Inject(Seats) readonly seats: Seats,
      @Inject(Registry) readonly registry: Registry,
    ) {}

    async authorizePeer({ remoteAddress }: PeerCandidate) {
      if (this.registry.size >= this.seats.left) throw new PeerRefusedError('no seat left');
      return { name: `${remoteAddress}/${this.seats.left}` };
    }
  }

  const server = { url: '127.0.0.1:0', ...services };
  const guard = { authorizer: SeatAuthorizer, imports: [SeatsModule] };

  @Injectable()
  class Options {
    constructor(@Inject(Seats) readonly seats: Seats) {}

    createBackchannelOptions() {
      return { server };
    }
  }

  const registrations: [string, () => DynamicModule][] = [
    ['forRoot', () => BackchannelModule.forRoot({ server, ...guard })],
    [
      'forRootAsync with useFactory',
      () => BackchannelModule.forRootAsync({ useFactory: () => ({ server }), ...guard }),
    ],
    [
      'forRootAsync with useClass',
      () => BackchannelModule.forRootAsync({ useClass: Options, ...guard }),
    ],
  ];

  function appModule(backchannel: DynamicModule): DynamicModule {
    @Module({ imports: [backchannel], controllers: [CallsController] })
    class AppModule {}
    return { module: AppModule };
  }

  /** Starts `app`, and says how a first and a second client fare. */
  async function admissions(app: Awaited<ReturnType<typeof NestFactory.create>>) {
    connectBackchannel(closing(app));
    await app.startAllMicroservices();
    const url = urlOf(app.get(ListenMuxServer));
    const states: unknown[] = [];
    for (const client of [newClient(url), newClient(url)]) {
      states.push((await outcomeOf(client)).state);
    }
    return { states, names: [...app.get(Registry)].map(({ name }) => name) };
  }

  it.each(registrations)('of %s decides, with what it injects', async (_way, register) => {
    const app = await NestFactory.create(appModule(register()), { logger: false });

    expect(await admissions(app)).toEqual({ states: ['ready', 'failed'], names: ['127.0.0.1/1'] });
  });

  it('decides, rather than the function of the options', async () => {
    const both = { ...server, authorizePeer: () => ({ name: 'by the function' }) };
    const backchannel = BackchannelModule.forRoot({ server: both, ...guard });

    const app = await NestFactory.create(appModule(backchannel), { logger: false });

    expect(await admissions(app)).toMatchObject({ names: ['127.0.0.1/1'] });
  });

  it.each<[string, Parameters<typeof BackchannelModule.forRoot>[0]]>([
    ['one of the module', { server, ...guard }],
    ['none', { server }],
  ])(
    'is replaced in tests by overrideProvider(PEER_AUTHORIZER), where there is %s',
    async (_what, options) => {
      const fake: PeerAuthorizer = { authorizePeer: () => ({ name: 'fake' }) };
      const moduleRef = await Test.createTestingModule({
        imports: [appModule(BackchannelModule.forRoot(options))],
      })
        .overrideProvider(PEER_AUTHORIZER)
        .useValue(fake)
        .compile();

      expect(await admissions(moduleRef.createNestApplication({ logger: false }))).toEqual({
        states: ['ready', 'ready'],
        names: ['fake', 'fake'],
      });
    },
  );
});

/** An application that dials, which need not be let in. */
async function dialing(url: string, options: Partial<BackchannelClientOptions> = {}) {
  const dialer = await dial({ url, ...services, ...options }, parts);
  closing(dialer.app);
  return dialer;
}
