import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engineOf } from '../../../../lib/grpc/index.js';
import { ErrorCode } from '../../../../lib/http2/index.js';
import { answer, take } from '../../../fixtures/grpc/answers.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import {
  codesOf,
  goAway,
  greeting,
  okResponse,
  refusal,
  silentPort,
  startCalls,
  windowUpdate,
} from '../../../fixtures/grpc/silent-peer.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const KiB = 1024;
const MAX_CONCURRENT_STREAMS = 3;
const INITIAL_WINDOW_SIZE = 4;

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

describe('the settings of a peer that calls have left for', () => {
  it.each([
    ['small', 10],
    ['larger than the retry buffer', 600 * KiB],
  ])(
    'MAX_CONCURRENT_STREAMS 1: refused calls with messages that are %s are made again',
    async (_what, size) => {
      const bodies: number[] = [];
      const port = await site.http2(
        () => ({
          onRequest(stream) {
            let received = 0;
            take(stream, {
              onData(_chunk, from, to) {
                received += to - from;
                stream.consume(to - from);
              },
              onEnd() {
                bodies.push(received);
                answer(stream);
              },
            });
          },
        }),
        { maxConcurrentStreams: 1 },
      );
      const calls = startCalls(site.channel(port.address), 4, { messages: [Buffer.alloc(size)] });

      expect(await codesOf(calls)).toEqual([0, 0, 0, 0]);

      expect(bodies).toEqual(Array(4).fill(size + 5));
      expect(port.sockets).toHaveLength(1);
    },
  );

  it.each(['built-in', 'grpc-js'] as const)(
    'MAX_CONCURRENT_STREAMS 1 of a server of %s: all calls are answered, one after the other',
    async (name) => {
      let served = 0;
      const { address, sockets } = await site.serve(
        {
          unary: ({ request }, callback) => {
            served += 1;
            setImmediate(callback, null, request);
          },
        },
        { 'grpc.max_concurrent_streams': 1 },
        0,
        engineOf(name),
      );

      const calls = startCalls(site.channel(address), 60);

      expect(await codesOf(calls)).toEqual(Array(60).fill(status.OK));
      expect([served, sockets.length]).toEqual([60, 1]);
    },
  );

  it('MAX_CONCURRENT_STREAMS 1: a refused call is still made again after a GOAWAY', async () => {
    const { channel, peers } = await silentPort(site);
    const calls = startCalls(channel, 2);
    await eventually(() => peers[0]?.requests).toEqual([1, 3]);
    peers[0]!.write(greeting([MAX_CONCURRENT_STREAMS, 1]), refusal(3), okResponse(1));
    await eventually(() => peers[0]!.requests).toEqual([1, 3, 5]);

    peers[0]!.write(goAway(3, ErrorCode.NoError));

    await eventually(() => peers[1]?.requests).toEqual([1]);
    peers[1]!.write(greeting(), okResponse(1));
    expect(await codesOf(calls)).toEqual([0, 0]);
  });

  it('MAX_CONCURRENT_STREAMS 1: calls are made again that are refused only after more messages', async () => {
    const { channel, peers } = await silentPort(site);
    const size = 600 * KiB;
    const calls = startCalls(channel, 2, { messages: [Buffer.alloc(size)] });
    await eventually(() => peers[0]?.requests).toEqual([1, 3]);
    peers[0]!.write(
      greeting([MAX_CONCURRENT_STREAMS, 1], [INITIAL_WINDOW_SIZE, 2 ** 20]),
      windowUpdate(0, 2 ** 24),
    );
    await eventually(() => peers[0]!.dataBytes).toBe(2 * (size + 5));

    peers[0]!.write(refusal(3), okResponse(1));

    await eventually(() => peers[0]!.dataBytes).toBe(3 * (size + 5));
    expect(peers[0]!.requests).toEqual([1, 3, 5]);
    peers[0]!.write(okResponse(5));
    expect(await codesOf(calls)).toEqual([0, 0]);
  });

  it('MAX_CONCURRENT_STREAMS 1: messages are not kept of calls that the peer gives credit', async () => {
    const { channel, peers } = await silentPort(site);
    const calls = startCalls(channel, 2, { messages: [Buffer.alloc(600 * KiB)] });
    await eventually(() => peers[0]?.requests).toEqual([1, 3]);
    peers[0]!.write(greeting([MAX_CONCURRENT_STREAMS, 1]), windowUpdate(0, 2 ** 24));
    peers[0]!.write(windowUpdate(1, 2 ** 20), windowUpdate(3, 2 ** 20));
    await eventually(() => peers[0]!.dataBytes).toBe(2 * (600 * KiB + 5));

    peers[0]!.write(refusal(3), okResponse(1));

    expect(await codesOf(calls)).toEqual([status.OK, status.UNAVAILABLE]);
  });

  it('INITIAL_WINDOW_SIZE 0: no more DATA leaves without credit', async () => {
    const { channel, peers } = await silentPort(site);
    const call = new RawCall(channel, { messages: [Buffer.alloc(40_000 - 5)] });
    await eventually(() => peers[0]?.dataBytes).toBe(16 * KiB);

    peers[0]!.write(greeting([INITIAL_WINDOW_SIZE, 0]), windowUpdate(0, 2 ** 20));
    await peers[0]!.settled();

    expect(peers[0]!.dataBytes).toBe(16 * KiB);
    peers[0]!.write(windowUpdate(1, 16 * KiB));
    await peers[0]!.settled();
    expect(peers[0]!.dataBytes).toBe(16 * KiB);
    peers[0]!.write(windowUpdate(1, 40_000 - 16 * KiB));
    await eventually(() => peers[0]!.dataBytes).toBe(40_000);
    peers[0]!.write(okResponse(1));
    expect(await call.ended).toBe(status.OK);
  });

  it('a smaller INITIAL_WINDOW_SIZE than what was sent makes windows negative', async () => {
    const { channel, peers } = await silentPort(site);
    void new RawCall(channel, { messages: [Buffer.alloc(100 * KiB)] });
    await eventually(() => peers[0]?.dataBytes).toBe(16 * KiB);

    peers[0]!.write(greeting([INITIAL_WINDOW_SIZE, 1000]), windowUpdate(0, 2 ** 20));
    peers[0]!.write(windowUpdate(1, 16 * KiB - 1000));
    await peers[0]!.settled();
    expect(peers[0]!.dataBytes).toBe(16 * KiB);

    peers[0]!.write(windowUpdate(1, 1));
    await eventually(() => peers[0]!.dataBytes).toBe(16 * KiB + 1);
    void new RawCall(channel, { messages: [Buffer.alloc(4000)] });
    await eventually(() => peers[0]!.dataBytes).toBe(16 * KiB + 1 + 1000);
  });

  it('HEADER_TABLE_SIZE 0: calls before and after them are understood', async () => {
    const paths: unknown[] = [];
    const server = createServer({ settings: { headerTableSize: 0 } });
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      paths.push(headers[':path'], headers['kept']);
      stream.resume();
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' },
        { endStream: true },
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    site.after(() => server.close());
    const channel = site.channel(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    const metadata = new Metadata();
    metadata.set('kept', 'in the table');

    const early = startCalls(channel, 2, { metadata });
    expect(await codesOf(early)).toEqual([0, 0]);
    const later = startCalls(channel, 2, { metadata });
    expect(await codesOf(later)).toEqual([0, 0]);

    expect(paths).toEqual(
      Array.from({ length: 4 }, () => ['/unit.Test/unary', 'in the table']).flat(),
    );
  });
});
