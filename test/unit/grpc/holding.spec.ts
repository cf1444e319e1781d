import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connectivityState, credentials, status, type ChannelOptions } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  builtInEngine,
  grpcJsEngine,
  keepConnected,
  obeyPeer,
  refusalText,
  refuseClient,
  watchConnectivity,
  type DialChannel,
  type GrpcEngine,
} from '../../../lib/grpc/index.js';
import { GrpcJsChannel } from '../../../lib/grpc/grpc-js/grpc-js-channel.js';
import { ErrorCode, encodeGoAway, type Http2Stream } from '../../../lib/http2/index.js';
import { answer, take, takeAndAnswer } from '../../fixtures/grpc/answers.js';
import { engines } from '../../fixtures/engines.js';
import { RawCall } from '../../fixtures/grpc/raw-call.js';
import { Site } from '../../fixtures/grpc/site.js';
import { stateIs } from '../../fixtures/grpc/states.js';
import { eventually } from '../../fixtures/nest/eventually.js';

const { CONNECTING, IDLE, READY } = connectivityState;
const DAY_MS = 86_400_000;

const site = new Site();

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await site.close();
});

function channelTo(
  address: string,
  engine: GrpcEngine = builtInEngine,
  options: ChannelOptions = {},
): DialChannel {
  // grpc-js reads a socket without the code of its stream.
  const upgrade = async (socket: Duplex): Promise<Duplex> =>
    Duplex.from({ readable: socket, writable: socket });
  const channel = engine.createDialChannel(address, credentials.createInsecure(), upgrade, options);
  site.after(() => channel.close());
  return channel;
}

/** Sends the GOAWAY of `peer.close({ reconnectAfterMs: ms })`. */
function closeFor(ms: number, socket: Socket): void {
  goAway(socket, `peer closed (reconnect after ${ms} ms)`);
}

/** Sends a GOAWAY after which the calls in flight finish. */
function goAway(socket: Socket, message: string): void {
  socket.write(encodeGoAway(ErrorCode.NoError, message, 2 ** 31 - 1));
}

describe.each(engines)('a channel of $name', (engine) => {
  it.each([NaN, Infinity, -1, 1.5, DAY_MS + 1, 2 ** 31])('is not held for %s ms', async (ms) => {
    const channel = channelTo(await site.closedAddress(), engine);

    expect(() => channel.hold!(ms)).toThrow(
      'channel.hold: the time must be a whole number from 0 to 86400000',
    );
    expect(channel.heldMs).toBe(0);
  });

  it('is not held when it is closed', async () => {
    const channel = channelTo(await site.closedAddress(), engine);
    const states: connectivityState[] = [];
    watchConnectivity(channel, (state) => {
      states.push(state);
      channel.hold!(DAY_MS);
    });

    channel.close();
    channel.hold!(DAY_MS);

    expect(states).toEqual([connectivityState.SHUTDOWN]);
    expect(channel.heldMs).toBe(0);
  });

  it('obeys no connection that only finishes its calls', async () => {
    const running: Http2Stream[] = [];
    const { address, sockets } = await site.http2((connection) => ({
      onRequest(stream) {
        if (connection > 0) return takeAndAnswer(stream);
        running.push(stream);
        take(stream);
      },
    }));
    const channel = channelTo(address, engine);
    obeyPeer(channel);
    const old = new RawCall(channel);
    await eventually(() => running.length).toBe(1);
    goAway(sockets[0]!, 'max_age');
    await stateIs(channel, IDLE);
    expect(await new RawCall(channel).ended).toBe(status.OK);

    closeFor(DAY_MS, sockets[0]!);
    answer(running[0]!);
    expect(await old.ended).toBe(status.OK); // The GOAWAY came before this answer.
    sockets[1]!.destroy();
    await stateIs(channel, IDLE);

    expect(channel.lastGoAway).toBeUndefined();
    expect(channel.heldMs).toBe(0);
  });

  it('forgets a GOAWAY when the next attempt fails', async () => {
    const { address, sockets, server } = await site.http2(() => ({ onRequest: takeAndAnswer }));
    const channel = channelTo(address, engine);
    await new RawCall(channel).ended;
    closeFor(DAY_MS, sockets[0]!);
    await stateIs(channel, IDLE);
    expect(channel.lastGoAway).toMatchObject({ code: ErrorCode.NoError });

    server.close();
    channel.getConnectivityState(true);
    await stateIs(channel, connectivityState.TRANSIENT_FAILURE);

    expect(channel.lastGoAway).toBeUndefined();
  });
});

describe('a channel that obeys', () => {
  it('is no longer held when it has connected nevertheless', async () => {
    const { address, sockets } = await site.http2(() => ({ onRequest: takeAndAnswer }));
    const channel = channelTo(address, grpcJsEngine);
    obeyPeer(channel);
    await new RawCall(channel).ended;
    closeFor(DAY_MS, sockets[0]!);
    await stateIs(channel, IDLE);
    expect(channel.heldMs).toBeGreaterThan(0);

    // As grpc-js does for a call that began before the GOAWAY came.
    GrpcJsChannel.prototype.getConnectivityState.call(channel, true);
    await stateIs(channel, READY);

    expect(channel.heldMs).toBe(0);
  });

  it('has its backoff after a refusal with a shorter time', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const refusal = refusalText({ reconnectAfterMs: 1 });
    const { address } = await site.port((socket) => refuseClient(socket, refusal));
    const channel = channelTo(address, builtInEngine, {
      'grpc.initial_reconnect_backoff_ms': 60_000,
    });
    obeyPeer(channel);

    channel.getConnectivityState(true);
    await stateIs(channel, CONNECTING);
    await stateIs(channel, IDLE);

    expect(channel.heldMs).toBeGreaterThan(29_000);
    expect(channel.heldMs).toBeLessThanOrEqual(30_001);
  });
});

describe('a hold that begins during an attempt', () => {
  it('interrupts the attempts, which continue when it ends', async () => {
    const { address, sockets } = await site.port();
    const channel = channelTo(address, builtInEngine, {
      'grpc.initial_reconnect_backoff_ms': 1,
      'grpc.max_reconnect_backoff_ms': 1,
    });
    channel.getConnectivityState(true);
    await eventually(() => sockets.length).toBe(1);

    channel.hold!(DAY_MS);
    expect(channel.getConnectivityState(false)).toBe(CONNECTING);
    sockets[0]!.destroy();
    await stateIs(channel, IDLE);
    expect(channel.getConnectivityState(true)).toBe(IDLE);
    expect(sockets).toHaveLength(1);

    channel.hold!(0);
    await eventually(() => sockets.length).toBe(2);
  });
});

describe('a channel that is kept connected', () => {
  it('connects at the end of a hold that took the place of another one', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { address, sockets } = await site.http2(() => ({}));
    const channel = channelTo(address);
    site.after(keepConnected(channel, false));
    await stateIs(channel, READY);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    closeFor(300, sockets[0]!);
    await stateIs(channel, IDLE);
    expect(channel.heldMs).toBe(300);

    channel.hold!(600);
    await vi.advanceTimersByTimeAsync(599);
    expect(channel.getConnectivityState(false)).toBe(IDLE);
    await vi.advanceTimersByTimeAsync(2);

    await stateIs(channel, READY);
  });
});
