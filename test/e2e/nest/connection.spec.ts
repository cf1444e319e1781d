import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { filter, firstValueFrom } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  BackchannelClient,
  BackchannelModule,
  getBackchannelClientToken,
  NotConnectedError,
  type BackchannelClientOptions,
  type ConnectionState,
  type ListenMuxServerOptions,
} from 'nestjs-backchannel';
import { engineOf } from 'nestjs-backchannel/core';
import { dial, listen } from '../../fixtures/nest/apps.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { endOf, soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';
import { TcpProxy } from '../../fixtures/nest/tcp-proxy.js';

const services = { ...callsProto, backchannel: callsProto };
const parts = { controllers: [CallsController] };
const isGrpcJs = engineOf().name === 'grpc-js';

/** A client that is closed with its test, and connects when it is told to. */
const newClient = (url: string, options: Partial<BackchannelClientOptions> = {}) =>
  closing(new BackchannelClient({ url, ...services, ...options }));

/** Where nobody listens. */
async function deserted(): Promise<string> {
  const { app, url } = await listen(services, parts);
  await app.close();
  return url;
}

/** Every state that a client gets into, from the one of now on. */
function statesOf(client: BackchannelClient): string[] {
  const states: string[] = [];
  client.connection$.subscribe({
    next: ({ state }) => states.push(state),
    complete: () => states.push('complete'),
  });
  return states;
}

const until = (client: BackchannelClient, wanted: ConnectionState['state']) =>
  soon(firstValueFrom(client.connection$.pipe(filter(({ state }) => state === wanted))));

const echo = (client: BackchannelClient, text: string) =>
  firstValueFrom(client.getService<Calls>('Calls').echo({ text }));

const quickRetry = {
  channelOptions: {
    'grpc.initial_reconnect_backoff_ms': 20,
    'grpc.max_reconnect_backoff_ms': 100,
  },
};

describe('the connection of a client', () => {
  it('is idle before anybody needs it, then ready, then closed', async () => {
    const { url } = await startListener(services, parts);
    const client = newClient(url);
    const states = statesOf(client);
    expect(client.connection).toEqual({ state: 'idle' });

    await client.connect();
    expect(client.connection).toEqual({ state: 'ready' });
    await client.close();

    expect(client.connection).toEqual({ state: 'closed' });
    expect(states).toEqual(['idle', 'connecting', 'ready', 'closed', 'complete']);
  });

  it('fails where nobody listens, and is ready once somebody does', async () => {
    const url = await deserted();
    const client = newClient(url, quickRetry);
    const states = statesOf(client);
    const connected = client.connect();
    const failed = await until(client, 'failed');

    await startListener({ ...services, url }, parts);
    await connected;

    if (!isGrpcJs) expect(failed).toMatchObject({ error: { code: 'ECONNREFUSED' } });
    expect(states.slice(0, 3)).toEqual(['idle', 'connecting', 'failed']);
    expect(states.at(-1)).toBe('ready');
    expect(client.connection).toEqual({ state: 'ready' });
  });

  it('that is lost is made again, and says so in between', async () => {
    const { url, registry } = await startListener(services, parts);
    const { client } = await startDialer({ url, ...services }, parts);
    const states = statesOf(client);

    await registry.get(1)!.close();
    await soon(registry.waitFor(({ id }) => id === 2));
    await until(client, 'ready');

    expect(states).toEqual(['ready', 'idle', 'connecting', 'ready']);
  });

  it('is told to who comes late: of an open one its state, of a closed one that', async () => {
    const { url } = await startListener(services, parts);
    const client = newClient(url);
    await client.connect();
    expect(statesOf(client)).toEqual(['ready']);

    await client.close();

    expect(statesOf(client)).toEqual(['closed', 'complete']);
    const closed = vi.fn<() => void>();
    client.on('closed', closed);
    expect(closed).toHaveBeenCalledOnce();
  });

  it('tells listeners of the one state that they listen for, whenever it gets there', async () => {
    const { url, registry } = await startListener(services, parts);
    const client = newClient(url);
    const [ready, failed, closed] = [1, 2, 3].map(() => vi.fn<(state: ConnectionState) => void>());
    client.on('ready', ready!);
    client.on('failed', failed!);
    client.on('closed', closed!);

    await client.connect();
    await registry.get(1)!.close();
    await until(client, 'idle');
    await client.connect();
    await client.close();

    expect(ready!.mock.calls).toEqual([[{ state: 'ready' }], [{ state: 'ready' }]]);
    expect(failed).not.toHaveBeenCalled();
    expect(closed!.mock.calls).toEqual([[{ state: 'closed' }]]);
  });

  it('may be closed by who hears that it failed', async () => {
    const client = newClient(await deserted());
    const states = statesOf(client);
    client.on('failed', () => void client.close());

    const error = await soon(endOf(client.connect()));

    expect(error.message).toMatch(/is closed$/);
    await until(client, 'closed');
    expect(states).toEqual(['idle', 'connecting', 'failed', 'closed', 'complete']);
  });

  it.each(['connecting', 'ready', 'idle'] as const)(
    'may be closed by who hears that it is %s, of one that is kept',
    async (state) => {
      const { url, registry } = await startListener(services, parts);
      const { app, client } = await dial({ url, ...services }, parts);
      closing(app);
      if (state === 'idle') await client.connect();
      client.on(state, () => void client.close());
      if (state === 'idle') await (await registry.waitFor()).close();

      await until(client, 'closed');

      await eventually(() => registry.size).toBe(0);
    },
  );

  it('may be made again by who hears that it is lost', async () => {
    const { url, registry } = await startListener(services, parts);
    const client = newClient(url);
    await client.connect();
    const states = statesOf(client);
    client.on('idle', () => void client.connect());

    for (let id = 1; id <= 3; id++) {
      const peer = await soon(registry.waitFor((one) => one.id === id));
      await until(client, 'ready');
      await peer.close();
    }
    await soon(registry.waitFor(({ id }) => id === 4));

    await until(client, 'ready');
    expect(states.filter((state) => state === 'ready')).toHaveLength(4);
    expect(states.filter((state) => state === 'idle')).toHaveLength(3);
  });

  it.skipIf(isGrpcJs)('says of a failure what the last attempt failed with', async () => {
    const url = await deserted();
    const client = newClient(url, quickRetry);
    const problems = new Set<string | undefined>();
    client.on('failed', ({ error }) => problems.add(error?.message));
    client.connect(60_000).catch(() => {});
    await until(client, 'failed');

    const rude = closing(createServer((socket) => socket.end('not what you think')));
    rude.listen(Number(url.split(':')[1]), '127.0.0.1');
    await eventually(() => problems.size).toBeGreaterThan(1);

    const [first, last] = problems;
    expect(first).toMatch('ECONNREFUSED');
    expect(last).not.toMatch('ECONNREFUSED');
    expect(client.connection).toMatchObject({ state: 'failed', error: { message: last } });
    const error = await endOf(client.connect(1));
    expect(error.message).toBe(`no connection to ${url} within 1 ms: ${last}`);
  });
});

describe('connect', () => {
  it('resolves at once when there is a connection', async () => {
    const { url } = await startListener(services, parts);
    const client = newClient(url);
    await client.connect();

    await client.connect(0);
  });

  it('may be called many times at once, for one connection', async () => {
    const { url, registry } = await startListener(services, parts);
    const client = newClient(url);

    await Promise.all(Array.from({ length: 50 }, () => client.connect()));

    expect([...registry].map(({ id }) => id)).toEqual([1]);
  });

  it('fails at its deadline with what the last attempt failed with', async () => {
    const url = await deserted();
    const client = newClient(url);
    client.connect(1).catch(() => {});
    await until(client, 'failed');

    const error = await endOf(client.connect(20));

    const why = isGrpcJs ? '' : `: connect ECONNREFUSED ${url}`;
    expect(error).toBeInstanceOf(NotConnectedError);
    expect(error).toMatchObject({ reason: 'ERR_BACKCHANNEL_NOT_CONNECTED' });
    expect(error.message).toBe(`no connection to ${url} within 20 ms${why}`);
    if (!isGrpcJs) expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('waits for each caller as long as that one wants', async () => {
    const url = await deserted();
    const client = newClient(url, quickRetry);
    const [short, long] = [client.connect(20), client.connect(Infinity)];
    await endOf(short);

    await startListener({ ...services, url }, parts);

    await soon(long);
  });

  it('does not begin what nobody waits for any more, and still may be called', async () => {
    const url = await deserted();
    const client = newClient(url, quickRetry);
    await endOf(client.connect(1));
    await startListener({ ...services, url }, parts);

    await client.connect();

    expect(await echo(client, 'hello')).toEqual({ text: 'hello' });
  });
});

describe('an application that dials', () => {
  /** Starts an application with one client, without `backchannel` unless `options` say so. */
  async function start(options: BackchannelClientOptions, providers: { new (): object }[] = []) {
    @Module({
      imports: [BackchannelModule.registerClient({ name: 'LISTENER', ...options })],
      providers,
    })
    class DialingModule {}
    const app = closing(
      await NestFactory.createApplicationContext(DialingModule, { logger: false }),
    );
    return app.get<BackchannelClient>(getBackchannelClientToken('LISTENER'));
  }

  it('connects when it starts, also with a client that serves nothing', async () => {
    const { url, registry } = await startListener(services, parts);

    const client = await start({ url, ...callsProto });

    await soon(registry.waitFor());
    await until(client, 'ready');
  });

  it('stays connected, also with a client that serves nothing', async () => {
    const { url, registry } = await startListener(services, parts);
    await start({ url, ...callsProto });

    await (await soon(registry.waitFor())).close();

    await soon(registry.waitFor(({ id }) => id === 2));
  });

  it('connects when it makes its first call, with a client that is lazy', async () => {
    const { url, registry } = await startListener(services, parts);
    const { app, client } = await dial({ url, ...services, lazy: true }, parts);
    closing(app);
    const states = statesOf(client);

    expect(states).toEqual(['idle']);
    expect(await echo(client, 'hello')).toEqual({ text: 'hello' });

    expect(registry.size).toBe(1);
    await registry.get(1)!.close();
    await until(client, 'idle');
    expect(states).toEqual(['idle', 'connecting', 'ready', 'idle']);
  });

  it('has its handlers ready before it can be called, however long others take to start', async () => {
    const { url, registry } = await startListener(services, parts);
    const replies: Promise<unknown>[] = [];
    registry.peers$.subscribe(({ type, peer }) => {
      if (type !== 'connected') return;
      const reply = firstValueFrom(peer.getService<Calls>('Calls').echo({ text: 'ready?' }));
      replies.push(reply.catch((error: Error) => error.message));
    });
    class SlowStarter {
      async onApplicationBootstrap() {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }

    const { app } = await dial({ url, ...services }, { ...parts, providers: [SlowStarter] });
    closing(app);
    await soon(registry.waitFor());

    expect(await soon(replies[0]!)).toEqual({ text: 'ready?' });
  });
});

describe('a dead link', () => {
  const quick = {
    keepalive: { keepaliveTimeMs: 50, keepaliveTimeoutMs: 500, keepalivePermitWithoutCalls: 1 },
  };

  /** Two idle applications with a proxy between them; only those sides ask for signs of life that do by `options`. */
  async function startLinked(
    server: Partial<ListenMuxServerOptions>,
    client: Partial<BackchannelClientOptions>,
  ) {
    const listener = await startListener(
      { ...services, ...server, gracefulShutdown: false },
      parts,
    );
    const proxy = await TcpProxy.start(listener.port);
    const dialer = await startDialer(
      { url: proxy.url, ...services, ...client, gracefulShutdown: false },
      parts,
    );
    onTestFinished(() => proxy.close());
    return { ...listener, proxy, client: dialer.client };
  }

  it('is noticed by the listening side, though nobody calls', async () => {
    const { registry, proxy } = await startLinked(quick, {});
    const departed = firstValueFrom(registry.peers$);

    proxy.goDead();

    expect(await soon(departed)).toMatchObject({ type: 'disconnected', peer: { id: 1 } });
  });

  it('is noticed by the dialing side, though nobody calls, which is back by another one', async () => {
    const { registry, proxy, client } = await startLinked({}, quick);
    const states = statesOf(client);
    const ended = firstValueFrom(client.connection$.pipe(filter(({ state }) => state === 'idle')));

    proxy.goDead();

    const back = await soon(registry.waitFor(({ id }) => id === 2));
    await until(client, 'ready');
    expect(states).toEqual(['ready', 'idle', 'connecting', 'ready']);
    if (!isGrpcJs) {
      expect(await ended).toMatchObject({ error: { message: 'no answer to the keepalive ping' } });
    }
    expect(await echo(client, 'hello')).toEqual({ text: 'hello' });
    const reply = back.getService<Calls>('Calls').echo({ text: 'there' });
    expect(await firstValueFrom(reply)).toEqual({ text: 'there' });
  });

  it('ends the calls that were under way, in both directions', async () => {
    const { registry, proxy, client } = await startLinked(quick, quick);
    const stubs = [client, registry.get(1)!].map((of) => of.getService<Calls>('Calls'));
    for (const calls of stubs) await firstValueFrom(calls.echo({}));
    const ends = stubs.map((calls) => endOf(firstValueFrom(calls.hang({}))));

    proxy.goDead();

    for (const { code } of await soon(Promise.all(ends))) expect(code).toBe(status.UNAVAILABLE);
  });

  it('is not what a link is that is only silent', async () => {
    const { registry, client } = await startLinked(quick, quick);
    const states = statesOf(client);
    const events: string[] = [];
    registry.peers$.subscribe(({ type }) => events.push(type));

    // Longer than it takes to give up.
    await new Promise((resolve) => setTimeout(resolve, 700));

    expect(states).toEqual(['ready']);
    expect(events).toEqual([]);
  });
});

describe('a connection that is idle for long', () => {
  const HOUR_MS = 3_600_000;
  // Its answers come in real time.
  const noKeepalive = { keepalive: { keepaliveTimeMs: 2 ** 31 - 1 } };

  it('is not cut while it serves, nor is the way back', async () => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
      now: Date.now(),
    });
    onTestFinished(() => void vi.useRealTimers());
    const { url, registry } = await startListener({ ...services, ...noKeepalive }, parts);
    const { client } = await startDialer({ url, ...services, ...noKeepalive }, parts);
    const [peer] = registry;
    const states = statesOf(client);
    // With its reply all has come that either side waits for, in real time.
    const callBack = () =>
      firstValueFrom(peer!.getService<Calls>('Calls').echo({ text: 'there?' }));
    await echo(client, '');
    await callBack();

    for (let hour = 0; hour < 3; hour++) {
      await vi.advanceTimersByTimeAsync(HOUR_MS);
      expect(await callBack()).toEqual({ text: 'there?' });
    }

    expect(states).toEqual(['ready']);
    expect([...registry]).toEqual([peer]);
  });
});

describe('a listening side that does not keep its connections', () => {
  /** A server that does `greet` and hangs up; when each of its connections came. */
  async function startFickle(greet: (socket: Socket) => void) {
    const times: number[] = [];
    const server = closing(
      createServer((socket) => {
        times.push(performance.now());
        socket.on('error', () => {});
        greet(socket);
      }),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, times };
  }

  it('is dialed ever more slowly, when it hangs up at once', async () => {
    const { url, times } = await startFickle((socket) => socket.end());
    const client = newClient(url, { channelOptions: { 'grpc.initial_reconnect_backoff_ms': 50 } });
    drawAlways(1);
    client.connect(Infinity).catch(() => {});

    await eventually(() => times.length).toBe(4);

    expectGrowing(times, 50, 1.6);
  });

  it('is dialed ever more slowly, when it hangs up as soon as calls could be made', async () => {
    const times: number[] = [];
    const { url, registry } = await startListener(services, parts);
    const { app, client } = await dial({ url, ...services }, parts);
    closing(app);
    drawAlways(0.2);
    client.on('ready', () => {
      times.push(performance.now());
      for (const peer of registry) void peer.close();
    });

    await eventually(() => times.length).toBe(4);

    expectGrowing(times, 100, 2);
  });

  /** What waits are drawn by. Not before there are applications: Nest draws the ids of modules in advance. */
  function drawAlways(random: number): void {
    const spy = vi.spyOn(Math, 'random').mockReturnValue(random);
    onTestFinished(() => spy.mockRestore());
  }

  /** Of four attempts in all: somebody else's clock may have begun before ours. */
  function expectGrowing(times: number[], firstMs: number, factor: number): void {
    const waits = firstMs * (1 + factor + factor ** 2);
    expect(times[3]! - times[0]!).toBeGreaterThan(0.6 * waits);
  }
});

describe('a listening side that goes', () => {
  it('finishes its calls on the old connection while new ones are made on another', async () => {
    const old = await listen(services, parts);
    const { client } = await startDialer({ url: old.url, ...services, ...quickRetry }, parts);
    const { events } = old.app.get(CallsController);
    const asked = once(events, 'started');
    const answer = firstValueFrom(client.getService<Calls>('Calls').answerLater({ text: 'late' }));
    await asked;

    const closed = old.app.close();
    const next = await listenAgain(old.url);
    await soon(next.registry.waitFor());
    await until(client, 'ready');

    // By the new one, though the old one is still there.
    expect(await echo(client, 'hello')).toEqual({ text: 'hello' });
    expect(next.registry.size).toBe(1);
    events.emit('answer');
    expect(await answer).toEqual({ text: 'late' });
    await soon(closed);
    expect(client.connection).toEqual({ state: 'ready' });
  });

  /** Listens on the url of one that is just being closed. */
  async function listenAgain(url: string) {
    const port = Number(url.split(':').at(-1));
    while (!(await isFree(port))) await new Promise(setImmediate);
    return startListener({ ...services, url }, parts);
  }

  async function isFree(port: number): Promise<boolean> {
    const probe = createServer((socket) => socket.destroy());
    try {
      await once(probe.listen(port, '127.0.0.1'), 'listening');
    } catch {
      return false;
    }
    await once(probe.close(), 'close');
    return true;
  }
});
