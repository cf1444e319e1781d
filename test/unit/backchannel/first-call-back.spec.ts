import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ChannelInterface, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  ClientHandshaker,
  Registry,
  serveConnections,
  ServerHandshaker,
  type Peer,
} from '../../../lib/backchannel/index.js';
import { builtInEngine, type DialChannel } from '../../../lib/grpc/index.js';
import { ListenMux } from '../../../lib/listenmux/index.js';
import { MemoryConnection } from '../../../lib/testing/memory-connection.js';
import { engines } from '../../fixtures/engines.js';
import { RawCall } from '../../fixtures/grpc/raw-call.js';
import { service, type Handlers } from '../../fixtures/grpc/service.js';

afterEach(() => {
  vi.useRealTimers();
});

function createServer() {
  const server = builtInEngine.createServer();
  const handlers: Partial<Handlers> = { unary: ({ request }, answer) => answer(null, request) };
  server.addService(service, handlers as UntypedServiceImplementation);
  onTestFinished(() => server.forceShutdown());
  return server;
}

interface Connected {
  /** The connection, at the dialing end. */
  near: MemoryConnection;
  /** Carries the forward calls. */
  forward: DialChannel;
  peer: Peer;
  /** Why peers have departed. */
  departures: string[];
  /** Resolves when a peer has departed. */
  departed: Promise<unknown>;
  /** What the listening side has written, write by write. */
  written: string[];
}

/** A dialing side and a listening side, connected, after a first forward call. */
async function connect(engine = builtInEngine): Promise<Connected> {
  const [near, far] = MemoryConnection.pair();
  const written: string[] = [];
  near.prependListener('data', (bytes: Buffer) => written.push(bytes.toString('latin1')));
  const registry = new Registry();
  const departures: string[] = [];
  const departed = new Promise<void>((resolve) => {
    registry.peers$.subscribe((event) => {
      if (event.type !== 'disconnected') return;
      departures.push(event.departure.cause);
      resolve();
    });
  });
  const mux = new ListenMux({ onConnection: serveConnections(createServer()) });
  mux.register(new ServerHandshaker(registry, { engine }));
  mux.handle(far);
  const handshaker = new ClientHandshaker(createServer);
  const forward = handshaker.createChannelOver(() => Promise.resolve(near));
  onTestFinished(async () => {
    forward.close();
    await handshaker.close();
  });
  expect(await new RawCall(forward).ended).toBe(status.OK);
  const [peer] = registry;
  return { near, forward, peer: peer!, departures, departed, written };
}

function callBack({ peer }: Connected): RawCall {
  return new RawCall(peer.backchannel.channel as ChannelInterface);
}

describe('the stream of backchannel calls', () => {
  it('BC-05 is opened by the first of them', async () => {
    const connected = await connect();
    expect(connected.peer.openStreams).toBe(1);

    expect(await callBack(connected).ended).toBe(status.OK);

    expect(connected.peer.openStreams).toBe(2);
  });

  it('is opened together with its HTTP/2 connection, in one write', async () => {
    const connected = await connect();
    const before = connected.written.length;

    await callBack(connected).ended;

    // W(SYN,2,0), then D(0,2,…) with the preface of HTTP/2 and SETTINGS.
    expect(connected.written[before]).toMatch(
      // eslint-disable-next-line no-control-regex
      /^\0\x01\0\x01\0\0\0\x02[^]{4}\0\0\0\0\0\0\0\x02[^]{4}PRI \* HTTP\/2\.0\r\n\r\nSM\r\n\r\n[^]{3}\x04/,
    );
  });

  it.each(engines)('has its options verified before there is a peer: engine $name', (engine) => {
    const channelOptions = { 'grpc-node.flow_control_window': -1 };

    expect(() => new ServerHandshaker(new Registry(), { engine, channelOptions })).toThrow(
      'grpc-node.flow_control_window',
    );
  });

  it('is not needed to leave', async () => {
    const connected = await connect();

    connected.forward.close();

    await vi.waitFor(() => expect(connected.departures).toEqual(['left']));
  });
});

describe('a first call back that crosses the departure of its peer', () => {
  it('is answered', async () => {
    const connected = await connect();
    connected.near.cork();
    connected.forward.close();

    const call = callBack(connected);
    await vi.waitFor(() => expect(connected.peer.openStreams).toBe(2));
    connected.near.uncork();

    expect(await call.ended).toBe(status.OK);
    expect(connected.departures).toEqual(['left']);
  });

  it('is answered however long the network takes to tell of the departure', async () => {
    const connected = await connect();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    connected.near.cork();
    connected.forward.close();
    await vi.advanceTimersByTimeAsync(5000);

    const call = callBack(connected);
    await vi.waitFor(() => expect(connected.peer.openStreams).toBe(2));
    connected.near.uncork();

    expect(await call.ended).toBe(status.OK);
    expect(connected.departures).toEqual(['left']);
  });

  it.each(engines.flatMap((engine) => [0, 1, 2, 3].map((turns) => ({ engine, turns }))))(
    'is answered if it begins $turns turns after the end of the forward stream: engine $engine.name',
    async ({ engine, turns }) => {
      const connected = await connect(engine);
      connected.forward.close();
      await connected.departed;
      for (let turn = 0; turn < turns; turn++) await nextTurn();

      expect(await callBack(connected).ended).toBe(status.OK);
    },
  );
});

describe('a first call back whose connection breaks', () => {
  it.each(engines)('says why: engine $name', async (engine) => {
    const connected = await connect(engine);
    connected.near.cork();
    const call = callBack(connected);
    await vi.waitFor(() => expect(connected.peer.openStreams).toBe(2));

    connected.near.destroy(new Error('cut'));

    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toContain('the connection was cut');
    expect(connected.departures).toEqual(['lost']);
  });
});
