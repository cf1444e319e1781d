import { CallCredentials, connectivityState, Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Http2Stream } from '../../../../lib/http2/index.js';
import { answer, take } from '../../../fixtures/grpc/answers.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { stubOf } from '../../../fixtures/grpc/service.js';
import { Site, type Channel, type Http2Port } from '../../../fixtures/grpc/site.js';
import { stateIs } from '../../../fixtures/grpc/states.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const ROOM = 2;

let site: Site;
let port: Http2Port;
/** Paths of the requests that came, and their streams. */
let paths: string[];
let streams: Http2Stream[];

beforeEach(() => {
  site = new Site();
  paths = [];
  streams = [];
});

afterEach(() => site.close());

/** A channel whose other end takes two calls at a time, and answers none by itself. */
async function crowded(): Promise<Channel> {
  port = await site.http2(
    () => ({
      onRequest(stream, headers) {
        paths.push(headers[headers.indexOf(':path') + 1]!);
        streams.push(stream);
        take(stream);
      },
    }),
    { maxConcurrentStreams: ROOM },
  );
  const channel = site.channel(port.address);
  channel.getConnectivityState(true);
  await stateIs(channel, connectivityState.READY);
  return channel;
}

function start(channel: Channel, count: number, options = {}): RawCall[] {
  return Array.from(
    { length: count },
    (_, i) => new RawCall(channel, { ...options, path: `/${i}` }),
  );
}

/** Answers requests as they come until there were `count`. */
async function answerAll(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await eventually(() => streams.length).toBeGreaterThan(i);
    answer(streams[i]!);
  }
}

describe('calls that wait for room', () => {
  it('begin in their order, and none is lost', async () => {
    const channel = await crowded();
    const calls = start(channel, 30);
    await eventually(() => streams.length).toBe(ROOM);
    await answerAll(calls.length);
    expect(await Promise.all(calls.map(({ ended }) => ended))).toEqual(calls.map(() => status.OK));
    expect(paths).toEqual(calls.map((_, i) => `/${i}`));
  });

  it('never begin when they are cancelled', async () => {
    const channel = await crowded();
    const calls = start(channel, 5);
    calls[3]!.call.cancelWithStatus(status.CANCELLED, 'no need');
    expect(await calls[3]!.ended).toBe(status.CANCELLED);
    await answerAll(4);
    await calls[4]!.ended;
    expect(paths).toEqual(['/0', '/1', '/2', '/4']);
  });

  it('never begin when their time has passed', async () => {
    const channel = await crowded();
    const late = start(channel, 2);
    const waiting = new RawCall(channel, { path: '/late', deadline: Date.now() + 50 });
    expect(await waiting.ended).toBe(status.DEADLINE_EXCEEDED);
    expect(waiting.details).toMatch(/^Deadline exceeded after 0\.\d{3}s,Waiting for a connection$/);
    await answerAll(2);
    await Promise.all(late.map(({ ended }) => ended));
    const last = new RawCall(channel, { path: '/last' });
    await answerAll(3);
    await last.ended;
    expect(paths).toEqual(['/0', '/1', '/last']);
  });

  it('fail when the channel is closed', async () => {
    const channel = await crowded();
    const calls = start(channel, 3);
    await eventually(() => streams.length).toBe(ROOM);
    channel.close();
    expect(await calls[2]!.ended).toBe(status.UNAVAILABLE);
    await answerAll(2);
    expect(await calls[0]!.ended).toBe(status.OK);
    expect(await calls[1]!.ended).toBe(status.OK);
  });

  it('begin in their order on the next connection when this one is lost', async () => {
    const channel = await crowded();
    const calls = start(channel, 5);
    await eventually(() => streams.length).toBe(ROOM);
    port.sockets[0]!.resetAndDestroy();
    expect(await calls[0]!.ended).toBe(status.UNAVAILABLE);
    expect(await calls[1]!.ended).toBe(status.UNAVAILABLE);
    for (let i = 2; i < 5; i += 1) {
      await eventually(() => streams.length).toBeGreaterThan(i);
      answer(streams[i]!);
    }
    expect(await Promise.all(calls.slice(2).map(({ ended }) => ended))).toEqual([0, 0, 0]);
    expect(paths).toEqual(['/0', '/1', '/2', '/3', '/4']);
    expect(port.sockets).toHaveLength(2);
  });

  // Was a bug: all that wait asked for them anew, each time when one was served.
  it('ask for their credentials once', async () => {
    const { address } = await site.serve(
      { unary: ({ request }, callback) => callback(null, request) },
      { 'grpc.max_concurrent_streams': ROOM },
    );
    const stub = stubOf(site.channel(address));
    let asked = 0;
    const credentials = CallCredentials.createFromMetadataGenerator((_params, callback) => {
      asked += 1;
      callback(null, new Metadata());
    });
    const calls = Array.from(
      { length: 50 },
      () =>
        new Promise<void>((resolve, reject) => {
          stub.unary(Buffer.alloc(1), { credentials }, (error) =>
            error ? reject(error) : resolve(),
          );
        }),
    );
    await Promise.all(calls);
    expect(asked).toBe(50);
  });
});
