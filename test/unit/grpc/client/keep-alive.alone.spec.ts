import { connectivityState, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ErrorCode } from '../../../../lib/http2/index.js';
import { FramePeer } from '../../../fixtures/grpc/frame-peer.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { literals } from '../../../fixtures/grpc/raw-request.js';
import { Site, type Channel } from '../../../fixtures/grpc/site.js';
import { stateIs } from '../../../fixtures/grpc/states.js';
import { FLAG, frame, number32, TYPE } from '../../../fixtures/http2/raw-client.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const TIME_MS = 50;
const OPTIONS = { 'grpc.keepalive_time_ms': TIME_MS, 'grpc.keepalive_timeout_ms': 100 };

const CREDIT = frame(TYPE.windowUpdate, 0, 0, number32(1));
/** `:status 200`, and what makes a response one of gRPC. */
const HEADERS = frame(
  TYPE.headers,
  FLAG.endHeaders,
  1,
  Buffer.concat([Buffer.from('88', 'hex'), literals([['content-type', 'application/grpc']])]),
);

let site: Site;
let peers: FramePeer[];

beforeEach(() => {
  site = new Site();
  peers = [];
});

afterEach(() => site.close());

async function connected(options: object, { answersPings = true } = {}): Promise<Channel> {
  const { address } = await site.port((socket) => peers.push(new FramePeer(socket, answersPings)));
  const channel = site.channel(address, options);
  channel.getConnectivityState(true);
  await stateIs(channel, connectivityState.READY);
  return channel;
}

/** What happens meanwhile does, or does not. */
function forAWhile(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 6 * TIME_MS));
}

describe('keepalive of a channel', () => {
  it('asks nothing unless it is told to', async () => {
    const channel = await connected({});
    void new RawCall(channel);
    await forAWhile();
    expect(peers[0]!.count(TYPE.ping)).toBe(0);
  });

  it('asks nothing while there are no calls', async () => {
    await connected(OPTIONS);
    await forAWhile();
    expect(peers[0]!.count(TYPE.ping)).toBe(0);
  });

  it('asks again and again while a call runs', async () => {
    const channel = await connected(OPTIONS);
    const call = new RawCall(channel);
    await eventually(() => peers[0]!.count(TYPE.ping)).toBeGreaterThanOrEqual(3);
    expect(call.log).toEqual([]);
  });

  it('asks without calls, too, where that is permitted', async () => {
    await connected({ ...OPTIONS, 'grpc.keepalive_permit_without_calls': 1 });
    await eventually(() => peers[0]!.count(TYPE.ping)).toBeGreaterThanOrEqual(3);
  });

  it('gives a connection up that does not answer, and its calls', async () => {
    const channel = await connected(OPTIONS, { answersPings: false });
    const call = new RawCall(channel);
    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toBe('Connection dropped: no answer to the keepalive ping');
    await eventually(() => peers[0]!.socket.closed).toBe(true);
    expect(peers[0]!.count(TYPE.ping)).toBe(1);
  });

  it('bears with a late answer for as long as anything else comes', async () => {
    const channel = await connected(OPTIONS, { answersPings: false });
    const call = new RawCall(channel);
    await eventually(() => peers[0]!.count(TYPE.ping)).toBe(1);
    const timer = setInterval(() => peers[0]!.socket.write(CREDIT), 10);
    await forAWhile();
    expect(call.log).toEqual([]);

    clearInterval(timer);
    expect(await call.ended).toBe(status.UNAVAILABLE);
  });

  it.each([
    [
      'headers that are never complete',
      frame(TYPE.headers, 0, 1, Buffer.alloc(100)).subarray(0, 9),
    ],
    ['a frame of an unknown type', frame(99, 0, 0, Buffer.alloc(100)).subarray(0, 9)],
    ['DATA, byte by byte', frame(TYPE.data, 0, 1, Buffer.alloc(100)).subarray(0, 9)],
  ])('is not deceived by %s', async (_what, begin) => {
    const channel = await connected(OPTIONS, { answersPings: false });
    const call = new RawCall(channel);
    await eventually(() => peers[0]!.count(TYPE.ping)).toBe(1);
    if (begin[3] === TYPE.data) peers[0]!.socket.write(HEADERS);
    peers[0]!.socket.write(begin);
    const timer = setInterval(() => peers[0]!.socket.write(Buffer.alloc(1)), 10);

    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toBe('Connection dropped: no answer to the keepalive ping');
    clearInterval(timer);
  });

  it.each<[effect: string, code: ErrorCode, factor: 1 | 2]>([
    ['doubles its interval', ErrorCode.EnhanceYourCalm, 2],
    ['keeps its interval', ErrorCode.NoError, 1],
  ])('GR-07 %s after GOAWAY %i with too_many_pings', async (_effect, code, factor) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    // "eventually" advances such timers, too: by 15 s at most.
    const channel = await connected({
      'grpc.keepalive_time_ms': 60_000,
      'grpc.keepalive_permit_without_calls': 1,
    });
    const payload = [number32(0), number32(code), Buffer.from('too_many_pings')];
    peers[0]!.socket.write(frame(TYPE.goAway, 0, 0, Buffer.concat(payload)));
    await stateIs(channel, connectivityState.IDLE);
    const call = new RawCall(channel);
    await eventually(() => peers[1]?.count(TYPE.headers)).toBe(1);
    peers[1]!.socket.write(HEADERS);
    await eventually(() => call.log).toHaveLength(1);

    vi.advanceTimersByTime((factor - 1) * 60_000);
    void new RawCall(channel);
    await eventually(() => peers[1]!.count(TYPE.headers)).toBe(2);
    expect(peers[1]!.count(TYPE.ping)).toBe(0);

    vi.advanceTimersByTime(60_000);
    await eventually(() => peers[1]!.count(TYPE.ping)).toBe(1);
  });

  it('stops with the connection', async () => {
    const channel = await connected({ ...OPTIONS, 'grpc.keepalive_permit_without_calls': 1 });
    await eventually(() => peers[0]!.count(TYPE.ping)).toBeGreaterThanOrEqual(1);
    const timers = timeouts();
    channel.close();
    await eventually(() => peers[0]!.socket.closed).toBe(true);
    expect(timeouts()).toBeLessThanOrEqual(timers);
  });
});

function timeouts(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}
