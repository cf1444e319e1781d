import type { Socket } from 'node:net';
import { connectivityState, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../../../lib/http2/index.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import {
  goAway,
  greeting,
  okResponse,
  silentPort,
  windowUpdate,
} from '../../../fixtures/grpc/silent-peer.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { stateIs } from '../../../fixtures/grpc/states.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const { TRANSIENT_FAILURE } = connectivityState;
const MAX_CONCURRENT_STREAMS = 3;
const refusal = goAway(0, ErrorCode.InadequateSecurity, 'peer refused: unknown agent');

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

describe('an attempt that fails after calls have left', () => {
  const failures: [what: string, fail: (socket: Socket) => void][] = [
    ['answers in HTTP/1.1', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['answers with garbage', (socket) => socket.end(Buffer.alloc(100, 0xa5))],
    ['answers with another frame than SETTINGS', (socket) => socket.end(windowUpdate(0, 1))],
    ['answers with TLS', (socket) => socket.end(Buffer.from('15030300020246', 'hex'))],
    ['refuses the connection', (socket) => socket.end(refusal)],
    ['refuses it as if it were a stream', (s) => s.end(goAway(0, ErrorCode.RefusedStream))],
    ['announces a bad setting', (socket) => socket.end(greeting([2, 2]))],
    ['ends the connection', (socket) => socket.end()],
    ['resets the connection', (socket) => socket.resetAndDestroy()],
  ];

  /** Details of a call after an attempt that no call has waited for. */
  async function detailsWithoutEarlyCall(fail: (socket: Socket) => void): Promise<string> {
    const { address } = await site.port((socket) => socket.once('data', () => fail(socket)));
    const channel = site.channel(address, { 'grpc.initial_reconnect_backoff_ms': 60_000 });
    channel.getConnectivityState(true);
    await stateIs(channel, TRANSIENT_FAILURE);
    const call = new RawCall(channel);
    await call.ended;
    return call.details;
  }

  it.each(failures)('fails them with its reason if the peer %s', async (_what, fail) => {
    const expected = await detailsWithoutEarlyCall(fail);
    const { channel, peers } = await silentPort(site);
    const call = new RawCall(channel);
    let stateAtEnd: connectivityState | undefined;
    let errorAtEnd: Error | undefined;
    void call.ended.then(() => {
      stateAtEnd = channel.getConnectivityState(false);
      errorAtEnd = channel.lastError;
    });
    await eventually(() => peers[0]?.requests).toEqual([1]);

    fail(peers[0]!.socket);

    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toBe(expected);
    expect(stateAtEnd).toBe(TRANSIENT_FAILURE);
    expect(call.details).toBe(`No connection established. Last error: ${String(errorAtEnd)}`);
  });

  it('lets calls wait on that wait until the channel is ready, and repeats none that has left', async () => {
    const { channel, peers } = await silentPort(site, () => {}, {
      'grpc.initial_reconnect_backoff_ms': 10,
    });
    const early = new RawCall(channel);
    const waiting = new RawCall(channel, { waitForReady: true });
    await eventually(() => peers[0]?.requests).toEqual([1]);

    peers[0]!.write(refusal);

    expect(await early.ended).toBe(status.UNAVAILABLE);
    await eventually(() => peers.length).toBe(2);
    expect(channel.getConnectivityState(false)).toBe(TRANSIENT_FAILURE);
    peers[1]!.write(greeting());
    await eventually(() => peers[1]!.requests).toEqual([1]);
    peers[1]!.write(okResponse(1));
    expect(await waiting.ended).toBe(status.OK);
  });

  it('backs off, and later calls fail at once', async () => {
    const { channel, peers } = await silentPort(site);
    const early = new RawCall(channel);
    await eventually(() => peers[0]?.requests).toEqual([1]);
    peers[0]!.write(refusal);
    await early.ended;

    const later = new RawCall(channel);

    expect(await later.ended).toBe(status.UNAVAILABLE);
    expect(later.details).toBe(
      'No connection established. Last error: Http2Error: peer refused: unknown agent',
    );
  });
});

describe('a connection that is cut', () => {
  const settings = greeting([MAX_CONCURRENT_STREAMS, 10]);
  const bytes = Buffer.concat([settings, okResponse(1)]);
  const settingsEnd = 15;

  it.each(Array.from({ length: bytes.length + 1 }, (_, at) => at))(
    'after %i bytes of the server repeats no call',
    async (at) => {
      const { channel, peers } = await silentPort(site);
      const call = new RawCall(channel);
      await eventually(() => peers[0]?.requests).toEqual([1]);

      peers[0]!.socket.end(bytes.subarray(0, at));

      if (at === bytes.length) return expect(await call.ended).toBe(status.OK);
      expect(await call.ended).toBe(status.UNAVAILABLE);
      expect(call.details).toMatch(
        at < settingsEnd ? /^No connection established. Last error: / : /^Connection dropped/,
      );
      // A repetition would come before this call.
      void new RawCall(channel, { waitForReady: true });
      await eventually(() => peers.length).toBe(2);
      peers[1]!.write(greeting());
      await eventually(() => peers[1]!.requests.length).toBeGreaterThan(0);
      await peers[1]!.settled();
      expect(peers[1]!.requests).toEqual([1]);
    },
  );
});
