import {
  connectivityState,
  credentials,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientHandshaker, ListenMux, Registry, ServerHandshaker } from 'nestjs-backchannel';
import { builtInEngine, serveConnections } from 'nestjs-backchannel/core';
import { RawCall } from '../../fixtures/grpc/raw-call.js';
import { service, type Handlers } from '../../fixtures/grpc/service.js';
import { Site } from '../../fixtures/grpc/site.js';

let site: Site;

beforeEach(() => {
  site = new Site();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(async () => {
  vi.useRealTimers();
  await site.close();
});

/** Lets time pass, and what comes of it happen. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    await vi.advanceTimersByTimeAsync(1000);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A channel of a dialing side. */
function dial(address: string) {
  const handshaker = new ClientHandshaker(() => builtInEngine.createServer());
  const channel = handshaker.createChannel(address, credentials.createInsecure());
  site.after(() => {
    channel.close();
    return handshaker.close();
  });
  return channel;
}

describe('the time that a dialing side has to connect', () => {
  it.each([
    ['takes the magic and says nothing', false],
    ['does not even read the magic', true],
  ])('LM-12 ends where the other end %s', async (_what, isPaused) => {
    const { address, sockets } = await site.port((socket) => {
      if (!isPaused) socket.resume();
    });
    const call = new RawCall(dial(address));
    await vi.waitUntil(() => sockets.length > 0);

    await pass(9000);
    expect(call.code).toBeUndefined();
    expect(sockets[0]!.closed).toBe(false);

    const closed = new Promise((resolve) => sockets[0]!.resume().once('close', resolve));
    await pass(12_000);
    expect(await call.ended).toBe(status.UNAVAILABLE);
    await closed;
  });

  it('LM-12 is over once it has connected', async () => {
    const server = builtInEngine.createServer();
    const handlers: Partial<Handlers> = { unary: ({ request }, answer) => answer(null, request) };
    server.addService(service, handlers as UntypedServiceImplementation);
    const mux = new ListenMux({ onConnection: serveConnections(server) });
    mux.register(new ServerHandshaker(new Registry()));
    const { address, sockets } = await site.port((socket) => mux.handle(socket));
    site.after(() => server.forceShutdown());
    const channel = dial(address);
    expect(await new RawCall(channel).ended).toBe(status.OK);

    await pass(120_000);

    expect(channel.getConnectivityState(false)).toBe(connectivityState.READY);
    expect(await new RawCall(channel).ended).toBe(status.OK);
    expect(sockets).toHaveLength(1);
  });
});
