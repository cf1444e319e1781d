import { once } from 'node:events';
import type { Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import { firstValueFrom, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Departure,
  type ListenMuxServerOptions,
  type Peer,
  type Registry,
} from 'nestjs-backchannel';
import { engineOf } from 'nestjs-backchannel/core';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { endOf, soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';
import { callOf, GREETING, MAGIC, OPEN, rawDialer } from '../../fixtures/nest/raw-dialer.js';
import { TcpProxy } from '../../fixtures/nest/tcp-proxy.js';
import { securities } from '../../fixtures/nest/tls.js';
import { frame, TYPE } from '../../fixtures/http2/raw-client.js';
import { D, FIN, RST, W } from '../../fixtures/yamux-frames.js';

const services = { ...callsProto, backchannel: callsProto };
const parts = { controllers: [CallsController] };
const unavailable = { code: status.UNAVAILABLE };
const isGrpcJs = engineOf().name === 'grpc-js';

/** That no more forward calls are made. */
const GOAWAY = D(0, 1, frame(TYPE.goAway, 0, 0, Buffer.alloc(8)));

/** How the next peer departs. */
function nextDeparture(registry: Registry): Promise<Departure> {
  return soon(
    new Promise((resolve) => {
      const subscription = registry.peers$.subscribe((event) => {
        if (event.type === 'disconnected') resolve(event.departure);
      });
      onTestFinished(() => subscription.unsubscribe());
    }),
  );
}

/** An application of either side, and the peer that the dialing one is. */
async function startPeer(server: Partial<ListenMuxServerOptions> = {}) {
  const listener = await startListener({ ...services, ...server }, parts);
  const dialer = await startDialer({ url: listener.url, ...services }, parts);
  const peer = await listener.registry.waitFor();
  return { ...listener, dialer, client: dialer.client, peer };
}

describe('a departure', () => {
  /** A peer that is only bytes. */
  async function startRawPeer(server: Partial<ListenMuxServerOptions> = {}) {
    const { registry, port } = await startListener({ ...services, ...server }, parts);
    const socket = rawDialer(port, MAGIC, OPEN, GREETING);
    await registry.waitFor();
    return { socket, departure: nextDeparture(registry) };
  }

  it('says that the peer left, when its application was closed', async () => {
    const { registry, dialer } = await startPeer();
    const departure = nextDeparture(registry);

    await dialer.app.close();

    expect(await departure).toEqual({ cause: 'left' });
  });

  it.each<[string, (socket: Socket) => void]>([
    ['ended its stream', (socket) => socket.end(D(FIN, 1))],
    // With grpc-js nobody hears it.
    ['said GOAWAY', (socket) => socket.end(isGrpcJs ? D(FIN, 1) : GOAWAY)],
  ])('says that the peer left, when it %s', async (_how, end) => {
    const { socket, departure } = await startRawPeer();

    end(socket);

    expect(await departure).toEqual({ cause: 'left' });
  });

  it.skipIf(isGrpcJs)(
    'says that the peer was replaced, when its connection was too old',
    async () => {
      const channelOptions = { 'grpc.max_connection_age_ms': 100 };
      const { registry, dialer } = await startPeer({ channelOptions });

      expect(await nextDeparture(registry)).toEqual({ cause: 'replaced' });
      expect(dialer.client.connection.state).not.toBe('closed');
    },
  );

  it.skipIf(isGrpcJs)(
    'says that the peer was lost, when it was killed as it was asked to go',
    async () => {
      const channelOptions = { 'grpc.max_connection_age_ms': 100 };
      const { socket, departure } = await startRawPeer({ channelOptions });
      socket.write(callOf('/calls.Calls/Hang'));
      let heard = '';
      socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')));
      await eventually(() => heard).toContain('max_age');

      socket.destroy();

      expect(await departure).toMatchObject({ cause: 'lost' });
    },
  );

  it.each<[string, (socket: Socket) => void, code: string]>([
    ['ended without a word', (socket) => socket.end(), 'ERR_YAMUX_SESSION_CLOSED'],
    ['had its stream reset', (socket) => socket.write(W(RST, 1, 0)), 'ERR_YAMUX_STREAM_RESET'],
    ['was reset', (socket) => socket.resetAndDestroy(), 'ECONNRESET'],
    ['was cut within a frame', (socket) => socket.end('\0\0\0'), 'ERR_YAMUX_UNEXPECTED_EOF'],
    ['spoke something else', (socket) => socket.write('nonsense'.repeat(9)), 'ERR_YAMUX_PROTOCOL'],
  ])('says what broke, when the connection %s', async (_how, breakIt, code) => {
    const { socket, departure } = await startRawPeer();

    breakIt(socket);

    expect(await departure).toMatchObject({ cause: 'lost', error: { code } });
  });

  // With grpc-js it left: its server ends the connection in order, as if the peer had.
  it.skipIf(isGrpcJs)('says that the peer was lost, when it did not answer', async () => {
    const keepalive = { keepaliveTimeMs: 50, keepaliveTimeoutMs: 50 };
    const { departure } = await startRawPeer({ keepalive });

    expect(await departure).toMatchObject({
      cause: 'lost',
      error: { message: 'no answer to the keepalive ping' },
    });
  });

  it.each(['with', 'without'])(
    'says that this side stops, %s time for calls, when its application is closed',
    async (time) => {
      const { registry, app } = await startPeer({ gracefulShutdown: time === 'with' });
      const departure = nextDeparture(registry);

      await app.close();

      expect(await departure).toEqual({ cause: 'shutdown' });
    },
  );

  it('says that the peer was closed, and why', async () => {
    const { registry, peer } = await startPeer();
    const departure = nextDeparture(registry);

    await peer.close({ reason: 'it moved' });

    expect(await departure).toEqual({ cause: 'closed', reason: 'it moved' });
  });
});

describe('a peer', () => {
  it('knows its name, where it is and since when', async () => {
    const before = Date.now();
    const { peer, client } = await startPeer({ authorizePeer: () => ({ name: 'press' }) });

    const { peer: endpoint } = await firstValueFrom(client.getService<Calls>('Calls').inspect({}));

    expect(peer).toMatchObject({ id: 1, name: 'press', remoteAddress: '127.0.0.1' });
    expect(`${peer.remoteAddress}:${peer.remotePort}`).toBe(endpoint);
    expect(peer.connectedAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(peer.connectedAt.getTime()).toBeLessThanOrEqual(Date.now());
  });

  it('still knows it when it has gone', async () => {
    const { registry, peer, dialer } = await startPeer();
    const { remotePort } = peer;
    const departed = firstValueFrom(registry.peers$);

    await dialer.app.close();

    expect((await departed).peer).toBe(peer);
    expect(peer).toMatchObject({ id: 1, remoteAddress: '127.0.0.1', remotePort });
  });

  it('counts the bytes of its connection', async () => {
    const { peer, client } = await startPeer();
    const [read, written] = [peer.bytesRead, peer.bytesWritten];
    const text = 'x'.repeat(100_000);

    await firstValueFrom(client.getService<Calls>('Calls').echo({ text }));

    expect(peer.bytesRead - read).toBeGreaterThan(100_000);
    expect(peer.bytesWritten - written).toBeGreaterThan(100_000);
    expect(peer.bytesRead - read).toBeLessThan(110_000);
  });

  it('counts its streams: one for each direction, however many calls there are', async () => {
    const { peer, client } = await startPeer();
    const stubs = [client, peer].map((of) => of.getService<Calls>('Calls'));

    await Promise.all(
      stubs.flatMap((calls) => [1, 2, 3].map(() => firstValueFrom(calls.echo({})))),
    );

    expect(peer.openStreams).toBe(2);
  });

  it('gives stubs of its services', async () => {
    const { peer } = await startPeer();

    const calls = peer.getService<Calls>('Calls');

    expect(await firstValueFrom(calls.echo({ text: 'hello' }))).toEqual({ text: 'hello' });
    expect(peer.getService<Calls>('Calls')).toBe(peer.backchannel.getService<Calls>('Calls'));
  });

  it.each([
    ['insecure', 'no certificate', undefined],
    ['TLS', 'no certificate', undefined],
    ['mutual TLS', 'its certificate', 'client (tests of nestjs-backchannel)'],
  ] as const)('has with %s %s, also when it has gone', async (kind, _what, name) => {
    const { server, client } = securities[kind];
    const listener = await startListener({ ...services, credentials: server }, parts);
    const url = `localhost:${listener.port}`;
    const dialer = await startDialer({ url, ...services, credentials: client }, parts);
    const departed = firstValueFrom(listener.registry.peers$);
    const [peer] = listener.registry;

    await dialer.app.close();
    await departed;

    expect(peer!.certificate?.subject.CN).toBe(name);
  });
});

describe('closing a peer', () => {
  /** A unary call and a stream that do not end by themselves; resolves when they are under way. */
  async function hang(calls: Calls): Promise<Promise<Error>[]> {
    const ends = [
      endOf(firstValueFrom(calls.hang({}))),
      endOf(firstValueFrom(calls.hangStream({}).pipe(toArray()))),
    ];
    await firstValueFrom(calls.hangStream({}));
    return ends;
  }

  it('ends the calls under way, in both directions, with UNAVAILABLE', async () => {
    const { peer, client } = await startPeer();
    const stubs = [client, peer].map((of) => of.getService<Calls>('Calls'));
    const ends = (await Promise.all(stubs.map(hang))).flat();

    await soon(peer.close());

    for (const error of await soon(Promise.all(ends))) expect(error).toMatchObject(unavailable);
  });

  it('tells the handlers of both sides that their callers are gone', async () => {
    const { peer, client, app, dialer } = await startPeer();
    const left = [app, dialer.app].flatMap((of) => {
      const { events } = of.get(CallsController);
      return [once(events, 'cancelled'), once(events, 'unsubscribed')];
    });
    for (const of of [client, peer]) void (await hang(of.getService<Calls>('Calls')));

    await peer.close();

    await soon(Promise.all(left));
  });

  it('takes it out of the registry at once, and its stubs of use', async () => {
    const { registry, peer } = await startPeer();
    const calls = peer.getService<Calls>('Calls');

    const closed = peer.close();

    expect(registry.size).toBe(0);
    expect(await endOf(firstValueFrom(calls.echo({})))).toMatchObject({
      message: expect.stringMatching(/closed|shut down/i),
    });
    await closed;
  });

  it('has a dialing side of this package back, under a new id and the same name', async () => {
    const { registry, peer, client } = await startPeer({
      authorizePeer: () => ({ name: 'press' }),
    });

    await peer.close();
    const back = await soon(registry.waitFor());
    await client.connect();

    expect(back.id).toBeGreaterThan(peer.id);
    expect(registry.named('press')).toBe(back);
    const stubs = [client, back].map((of) => of.getService<Calls>('Calls'));
    for (const calls of stubs) {
      expect(await firstValueFrom(calls.echo({ text: 'hello' }))).toEqual({ text: 'hello' });
    }
  });

  it('may be done again, also at once; the first reason counts', async () => {
    const { registry, peer } = await startPeer();
    const departure = nextDeparture(registry);

    await soon(Promise.all([peer.close({ reason: 'first' }), peer.close({ reason: 'second' })]));
    await soon(peer.close({ reason: 'third' }));

    expect(await departure).toEqual({ cause: 'closed', reason: 'first' });
  });

  it('may be done from a call that it waits for', async () => {
    const { peer, client, app } = await startPeer();
    const { events } = app.get(CallsController);
    const closed = new Promise((resolve) => {
      events.once('started', () => resolve(peer.close()));
    });

    const end = endOf(firstValueFrom(client.getService<Calls>('Calls').hang({})));

    await soon(closed);
    expect(await soon(end)).toMatchObject(unavailable);
  });

  it('may be done by who hears of its arrival', async () => {
    const { registry, url } = await startListener(services, parts);
    const closes: Promise<void>[] = [];
    const subscription = registry.peers$.subscribe(({ type, peer }) => {
      if (type !== 'connected') return;
      subscription.unsubscribe();
      closes.push(peer.close({ reason: 'not today' }));
    });
    const events: string[] = [];
    registry.peers$.subscribe(({ type, peer }) => events.push(`${peer.id} ${type}`));

    await startDialer({ url, ...services }, parts);
    await soon(Promise.all(closes));
    await soon(registry.waitFor(({ id }) => id === 2));

    expect(events).toEqual(['1 connected', '1 disconnected', '2 connected']);
  });

  it('that does not read takes no longer than its write timeout', async () => {
    const yamux = { connectionWriteTimeoutMs: 200 };
    const listener = await startListener({ ...services, yamux }, parts);
    const proxy = await TcpProxy.start(listener.port);
    await startDialer({ url: proxy.url, ...services }, parts);
    const [peer] = listener.registry;
    proxy.goDead();
    const end = endOf(
      firstValueFrom(peer!.getService<Calls>('Calls').echo({ text: 'x'.repeat(4_000_000) })),
    );

    await soon(peer!.close());

    expect(await soon(end)).toMatchObject(unavailable);
    proxy.close();
  });
});

describe('a registry', () => {
  it('has the newest of a name, and the one before when that leaves', async () => {
    const { registry, url } = await startListener(
      { ...services, authorizePeer: () => ({ name: 'press' }) },
      parts,
    );
    await startDialer({ url, ...services }, parts);
    const newest = await startDialer({ url, ...services }, parts);

    expect(registry.named('press')?.id).toBe(2);
    await newest.app.close();
    await eventually(() => registry.named('press')?.id).toBe(1);
  });

  it('has a peer before the first of its calls is handled', async () => {
    const { registry, client, app } = await startPeer();
    const { events } = app.get(CallsController);
    const sizes: number[] = [];
    events.on('started', () => sizes.push(registry.size));

    await firstValueFrom(client.getService<Calls>('Calls').echo({}));

    expect(sizes).toEqual([1]);
  });

  it('waits for a peer that has yet to dial', async () => {
    const listener = await startListener(
      { ...services, authorizePeer: () => ({ name: 'press' }) },
      parts,
    );
    const waiting = listener.registry.waitFor(({ name }: Peer) => name === 'press');

    await startDialer({ url: listener.url, ...services }, parts);

    const reply = (await waiting).getService<Calls>('Calls').echo({ text: 'there' });
    expect(await firstValueFrom(reply)).toEqual({ text: 'there' });
  });
});
