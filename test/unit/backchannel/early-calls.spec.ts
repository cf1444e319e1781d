import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ServerOptions, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ClientHandshaker,
  getBackchannel,
  ListenMux,
  PeerRefusedError,
  Registry,
  ServerHandshaker,
  type AuthorizePeer,
  type PeerConnectionInfo,
} from 'nestjs-backchannel';
import { builtInEngine, serveConnections } from 'nestjs-backchannel/core';
import { MemoryConnection } from '../../../lib/testing/memory-connection.js';
import { FlightLink } from '../../fixtures/flight-link.js';
import { RawCall } from '../../fixtures/grpc/raw-call.js';
import { service, stubOf, type Handlers } from '../../fixtures/grpc/service.js';
import { Site, type Channel } from '../../fixtures/grpc/site.js';
import { eventually } from '../../fixtures/nest/eventually.js';

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

interface Ends {
  readonly dialing: Duplex;
  readonly listening: Duplex;
}

function createServer(handlers: Partial<Handlers>, options?: ServerOptions) {
  const server = builtInEngine.createServer(options);
  server.addService(service, handlers);
  return server;
}

const echo: Handlers['unary'] = ({ request }, callback) => callback(null, request);

/** Serves the listening end of a connection. */
function listen(
  { listening }: Ends,
  handlers: Partial<Handlers>,
  authorizePeer?: AuthorizePeer,
): Registry {
  const registry = new Registry();
  const server = createServer(handlers);
  const mux = new ListenMux<PeerConnectionInfo>({ onConnection: serveConnections(server) });
  mux.register(new ServerHandshaker(registry, { authorizePeer }));
  mux.handle(listening);
  site.after(() => server.forceShutdown());
  return registry;
}

/** A channel on the dialing end, whose services answer every call with its request. */
function dial({ dialing }: Ends): Channel {
  const handshaker = new ClientHandshaker(() => createServer({ unary: echo }));
  const channel = handshaker.createChannelOver(async () => dialing);
  site.after(async () => {
    channel.close();
    await handshaker.close();
  });
  return channel as Channel;
}

function connection(): Ends {
  const [dialing, listening] = MemoryConnection.pair();
  return { dialing, listening };
}

describe('calls on a connection with a delay', () => {
  it('have the first call back answered after one and a half round trips', async () => {
    const link = new FlightLink();
    let answered = false;
    listen(link, {}).peers$.subscribe(({ type, peer }) => {
      if (type !== 'connected') return;
      stubOf(peer.backchannel.channel as Channel).unary(Buffer.from('hello'), (error) => {
        answered = error === null;
      });
    });

    dial(link).getConnectivityState(true);

    expect(await link.flightsUntil(() => answered)).toBe(3);
  });

  it('have the first forward call answered after one round trip', async () => {
    const link = new FlightLink();
    listen(link, { unary: echo });

    const call = new RawCall(dial(link));

    expect(await link.flightsUntil(() => call.code === status.OK)).toBe(2);
  });

  it('have a forward call answered whose handler calls back after two round trips', async () => {
    const link = new FlightLink();
    listen(link, {
      unary: (call, callback) => {
        stubOf(getBackchannel(call).channel as Channel).unary(call.request, callback);
      },
    });

    const call = new RawCall(dial(link));

    expect(await link.flightsUntil(() => call.code === status.OK)).toBe(4);
  });
});

describe('calls that leave while authorizePeer decides', () => {
  it('fail with the reason of a refusal', async () => {
    let decide: (error: Error) => void = () => {};
    const decided = new Promise<never>((_resolve, reject) => (decide = reject));
    let served = 0;
    const ends = connection();
    const registry = listen(ends, { unary: () => (served += 1) }, () => decided);
    const channel = dial(ends);
    const calls = Array.from({ length: 20 }, () => new RawCall(channel));
    await eventually(() => ends.dialing.writableLength).toBe(0);

    decide(new PeerRefusedError('unknown agent'));

    for (const call of calls) {
      expect(await call.ended).toBe(status.UNAVAILABLE);
      expect(call.details).toBe(
        'No connection established. Last error: Http2Error: peer refused: unknown agent',
      );
    }
    expect(String(channel.lastError)).toBe('Http2Error: peer refused: unknown agent');
    expect([served, registry.size]).toEqual([0, 0]);
  });

  it.each([
    [6000, 1],
    [12_000, 200],
  ])('are served afterwards, even with %i tiny messages, %i in a turn', async (count, atOnce) => {
    let decide: () => void = () => {};
    const decided = new Promise<void>((resolve) => (decide = resolve));
    let received = 0;
    const ends = connection();
    listen(
      ends,
      {
        collect: (call, callback) => {
          call.on('data', () => (received += 1));
          call.on('end', () => callback(null, Buffer.alloc(0)));
        },
      },
      () => decided,
    );
    let failure: unknown;
    const call = stubOf(dial(ends)).collect((error) => (failure = error));
    for (let sent = 0; sent < count; sent += atOnce) {
      for (let i = 0; i < atOnce; i += 1) call.write(Buffer.alloc(1));
      await nextTurn();
    }
    call.end();

    decide();

    await eventually(() => failure).toBe(null);
    expect(received).toBe(count);
  });
});
