import { once } from 'node:events';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ErrorCode,
  Http2Connection,
  Http2Error,
  type Http2Stream,
} from '../../../lib/http2/index.js';
import type { RawClient } from '../../fixtures/http2/raw-client.js';
import {
  FLAG,
  frame,
  number32,
  PREFACE,
  type ReceivedFrame,
  REQUEST,
  TYPE,
} from '../../fixtures/http2/raw-client.js';
import {
  KiB,
  MAX_FRAME,
  DEFAULT_WINDOW,
  SETTING,
  STATUS_200,
  STATUS_103,
  CONTENT_LENGTH_5,
  REQUEST_HEADERS,
  closing,
  Recorder,
  setUp,
  settings,
  greeted,
  settle,
  bytesOf,
  creditOf,
  openRequest,
  wholeRequest,
  credit,
  dataFrames,
  answering,
  pair,
  send,
  accept,
} from '../../fixtures/http2/connections.js';

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(closing.splice(0).map((close) => close()));
});

describe('an HTTP/2 connection', () => {
  describe('what it receives', () => {
    it('takes as much as the window of a stream, without credit for what is not consumed', async () => {
      const { peer, recorders } = await greeted({
        consumes: false,
        options: { initialWindowSize: 40_000 },
      });

      peer.write(openRequest(1), dataFrames(1, 40_000));
      const frames = await settle(peer);

      expect(recorders[0]!.received).toBe(40_000);
      expect(creditOf(frames, 1)).toBe(0);
    });

    it('resets a stream that sends one byte more than its window', async () => {
      const { peer, recorders } = await greeted({
        consumes: false,
        options: { initialWindowSize: 40_000 },
      });

      peer.write(openRequest(1), dataFrames(1, 40_000), dataFrames(1, 1));
      const frames = await settle(peer);

      const reset = frames.find(({ type }) => type === TYPE.rstStream)!;
      expect(reset.payload.readUInt32BE()).toBe(ErrorCode.FlowControlError);
      expect(recorders[0]!.received).toBe(40_000);
      expect(recorders[0]!.errors).toHaveLength(1);
    });

    it('credits a stream once half of its window is consumed', async () => {
      const { peer, recorders } = await greeted({
        consumes: false,
        options: { initialWindowSize: 40_000 },
      });
      peer.write(openRequest(1), dataFrames(1, 40_000));
      await settle(peer);

      recorders[0]!.stream!.consume(19_999);
      expect(creditOf(await settle(peer), 1)).toBe(0);
      recorders[0]!.stream!.consume(1);
      expect(creditOf(await settle(peer), 1)).toBe(20_000);
    });

    it('gives the connection back what comes for a stream that was reset', async () => {
      const { peer, recorders } = await greeted({
        consumes: false,
        options: { initialWindowSize: 60_000, connectionWindowSize: 100_000 },
      });
      peer.write(openRequest(1));
      await settle(peer);
      recorders[0]!.stream!.reset(ErrorCode.Cancel);

      peer.write(dataFrames(1, 60_000));

      expect(creditOf(await settle(peer), 0)).toBeGreaterThanOrEqual(50_000);
      expect(recorders[0]!.received).toBe(0);
    });

    it.each<[what: string, frames: Buffer]>([
      ['less', frame(TYPE.data, FLAG.endStream, 1, Buffer.alloc(4))],
      ['more', frame(TYPE.data, FLAG.endStream, 1, Buffer.alloc(6))],
    ])('resets a request with %s data than its content-length', async (_what, frames) => {
      const { peer, recorders } = await greeted();

      peer.write(
        frame(TYPE.headers, FLAG.endHeaders, 1, Buffer.concat([REQUEST, CONTENT_LENGTH_5])),
        frames,
      );
      const reset = await peer.until(({ type }) => type === TYPE.rstStream);

      expect(reset.payload.readUInt32BE()).toBe(ErrorCode.ProtocolError);
      expect(recorders[0]!.log).not.toContain('end');
      expect(recorders[0]!.errors).toHaveLength(1);
      await peer.ping();
    });

    it('skips informational responses and delivers the final one', async () => {
      const { peer, connection } = await greeted({ role: 'client' });
      const recorder = send(connection);

      peer.write(
        frame(TYPE.headers, FLAG.endHeaders, 1, STATUS_103),
        frame(TYPE.headers, FLAG.endHeaders, 1, STATUS_103),
        frame(TYPE.headers, FLAG.endHeaders, 1, STATUS_200),
        frame(TYPE.data, FLAG.endStream, 1, Buffer.from('hello')),
      );

      expect(await recorder.closed).toBeUndefined();
      expect(recorder.headers).toEqual([[':status', '200']]);
      expect(recorder.log).toEqual(['headers', 'data', 'end', 'close']);
    });

    it('resets a response that ends with informational headers', async () => {
      const { peer, connection } = await greeted({ role: 'client' });
      const recorder = send(connection);

      peer.write(frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, STATUS_103));

      expect((await recorder.closed)?.http2Code).toBe(ErrorCode.ProtocolError);
      expect(recorder.headers).toEqual([]);
    });
  });

  describe('what it sends', () => {
    it('sends as much as the window of the stream, and on exactly with its credit', async () => {
      const { peer, stream } = await answering({}, [SETTING.initialWindowSize, 10]);

      stream.write([Buffer.alloc(20)], 20, true);

      expect(bytesOf(await settle(peer))).toBe(10);
      for (let i = 0; i < 5; i++) {
        peer.write(credit(1, 1));
        expect(bytesOf(await settle(peer))).toBe(1);
      }
      peer.write(credit(1, 1000));
      const rest = await settle(peer);
      expect(bytesOf(rest)).toBe(5);
      expect(rest.map(({ flags }) => flags)).toEqual([FLAG.endStream]);
    });

    it('sends as much as the window of the connection, and on exactly with its credit', async () => {
      const { peer, stream } = await answering({}, [SETTING.initialWindowSize, 1_000_000]);

      stream.write([Buffer.alloc(70_000)], 70_000, true);

      expect(bytesOf(await settle(peer))).toBe(DEFAULT_WINDOW);
      for (let i = 0; i < 5; i++) {
        peer.write(credit(0, 1));
        expect(bytesOf(await settle(peer))).toBe(1);
      }
      peer.write(credit(0, 1_000_000));
      expect(bytesOf(await settle(peer))).toBe(70_000 - DEFAULT_WINDOW - 5);
    });

    it('sends nothing while lowered settings make the window negative', async () => {
      const { peer, stream } = await answering({}, [SETTING.initialWindowSize, 1000]);
      stream.write([Buffer.alloc(2000)], 2000);
      expect(bytesOf(await settle(peer))).toBe(1000);

      peer.write(settings([SETTING.initialWindowSize, 400])); // -600
      expect(bytesOf(await settle(peer))).toBe(0);
      peer.write(credit(1, 600)); // 0
      expect(bytesOf(await settle(peer))).toBe(0);
      peer.write(credit(1, 7));
      expect(bytesOf(await settle(peer))).toBe(7);
      peer.write(settings([SETTING.initialWindowSize, 500])); // 100 more
      expect(bytesOf(await settle(peer))).toBe(100);
    });

    it('never sends a frame that is larger than the peer allows', async () => {
      const { peer, stream } = await answering({}, [SETTING.initialWindowSize, 1_000_000]);

      stream.write([Buffer.alloc(50_000)], 50_000, true);
      const frames = await settle(peer);

      expect(frames.map(({ payload }) => payload.length)).toEqual([
        MAX_FRAME,
        MAX_FRAME,
        MAX_FRAME,
        50_000 - 3 * MAX_FRAME,
      ]);
    });

    it('asks its user to wait beyond the high water, and says once when to go on', async () => {
      const { peer, stream, recorder } = await answering({}, [SETTING.initialWindowSize, 0]);

      expect(stream.write([Buffer.alloc(32 * KiB)], 32 * KiB)).toBe(true);
      expect(stream.write([Buffer.alloc(32 * KiB)], 32 * KiB)).toBe(false);
      expect(stream.write([Buffer.alloc(1)], 1)).toBe(false);
      peer.write(credit(0, 100_000), credit(1, 64 * KiB));
      await settle(peer);
      expect(recorder.log).not.toContain('drain');
      peer.write(credit(1, 1));
      await settle(peer);

      expect(recorder.log.filter((entry) => entry === 'drain')).toHaveLength(1);
      expect(stream.write([Buffer.alloc(1)], 1)).toBe(true);
    });

    it('finishes a small message while a large one is on its way', async () => {
      const { peer, stream, recorders } = await answering({}, [
        SETTING.initialWindowSize,
        1_000_000,
      ]);
      peer.write(credit(0, 1_000_000), wholeRequest(3));
      await settle(peer);

      stream.write([Buffer.alloc(500_000)], 500_000, true);
      recorders[1]!.stream!.write([Buffer.alloc(20_000)], 20_000, true);
      const frames: ReceivedFrame[] = [];
      await peer.until((f) => {
        frames.push(f);
        return f.streamId === 3 && f.flags === FLAG.endStream;
      });

      expect(bytesOf(frames, 1)).toBeLessThanOrEqual(3 * MAX_FRAME);
      expect(bytesOf(await settle(peer), 1) + bytesOf(frames, 1)).toBe(500_000);
    });

    it('sends trailers behind queued data, and one end', async () => {
      const { peer, stream } = await answering({}, [SETTING.initialWindowSize, 5]);

      stream.sendHeaders([':status', '200']);
      stream.write([Buffer.alloc(10)], 10);
      stream.sendHeaders(['x-trailer', 'bye'], true);
      const first = await settle(peer);
      peer.write(credit(1, 5));
      const frames = [...first, ...(await settle(peer))];

      expect(frames.map(({ type }) => type)).toEqual([
        TYPE.headers,
        TYPE.data,
        TYPE.data,
        TYPE.headers,
      ]);
      expect(frames.map(({ flags }) => flags & FLAG.endStream)).toEqual([0, 0, 0, FLAG.endStream]);
      expect(stream.closed).toBe(true);
    });

    it('sends one end however often it is told to', async () => {
      const { peer, stream, recorder } = await answering();

      stream.sendHeaders([':status', '200']);
      stream.end();
      stream.end();
      stream.write([Buffer.alloc(1)], 1, true);
      stream.sendHeaders(['x-trailer', 'bye'], true);
      stream.reset(ErrorCode.Cancel);

      const frames = await settle(peer);
      expect(frames.map(({ type }) => type)).toEqual([TYPE.headers, TYPE.data]);
      expect(recorder.log).toEqual(['end', 'close']);
    });

    it('writes headers, data and trailers of one turn to the socket at once', async () => {
      const { peer, stream, socket } = await answering();
      const writes: number[] = [];
      const write = socket.write.bind(socket);
      socket.write = (chunk: Uint8Array): boolean => {
        writes.push(chunk.length);
        return write(chunk);
      };

      stream.sendHeaders([':status', '200']);
      stream.write([Buffer.alloc(5), Buffer.alloc(100)], 105);
      stream.sendHeaders(['x-trailer', 'bye'], true);
      await peer.until(({ flags }) => (flags & FLAG.endStream) !== 0);

      expect(writes).toHaveLength(1);
    });

    it('sends headers to node:http2 that are larger than a frame', async () => {
      const server: Http2Server = createHttp2Server({
        maxHeaderListPairs: 1000,
        settings: { maxHeaderListSize: 1024 * KiB },
        maxSendHeaderBlockLength: 1024 * KiB,
      });
      closing.push(() => server.close());
      server.on('stream', (stream, headers) => {
        const got = Array.from({ length: 10 }, (_, i) => headers[`x-large-${i}`]).join('');
        stream.respond({ ':status': 200, 'x-got': String(got.length) }, { endStream: true });
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      const client = new Http2Connection(socket, 'client', {});
      closing.unshift(() => client.destroy());
      await client.ping();

      const recorder = new Recorder();
      const large = Array.from({ length: 10 }, (_, i) => [`x-large-${i}`, '\\'.repeat(5000)]);
      client.request([...REQUEST_HEADERS, ...large.flat()], recorder, true);

      expect(await recorder.closed).toBeUndefined();
      expect(recorder.headers[0]).toContain('50000');
    });

    it('cuts a header block into frames of which only the last ends it', async () => {
      const { peer, stream } = await answering();

      stream.sendHeaders([':status', '200', 'x-large', '\\'.repeat(40_000)], true);
      const frames = await settle(peer);

      expect(frames.map(({ type }) => type).slice(0, 2)).toEqual([TYPE.headers, TYPE.continuation]);
      expect(frames.every(({ payload }) => payload.length <= MAX_FRAME)).toBe(true);
      expect(frames[0]!.flags).toBe(FLAG.endStream);
      expect(frames.at(-1)!.flags).toBe(FLAG.endHeaders);
      expect(frames.slice(1, -1).every(({ flags }) => flags === 0)).toBe(true);
    });
  });

  describe('how many streams there are', () => {
    it('refuses a stream beyond its limit, and lives on', async () => {
      const { peer, recorders } = await greeted({ options: { maxConcurrentStreams: 2 } });

      peer.write(openRequest(1), openRequest(3), openRequest(5));
      const frames = await settle(peer);

      expect(frames.map(({ type, streamId }) => [type, streamId])).toEqual([[TYPE.rstStream, 5]]);
      expect(frames[0]!.payload.readUInt32BE()).toBe(ErrorCode.RefusedStream);
      expect(recorders).toHaveLength(2);
      recorders[0]!.stream!.reset(ErrorCode.Cancel);
      peer.write(openRequest(7));
      await settle(peer);
      expect(recorders).toHaveLength(3);
    });

    it('opens no more streams than its peer takes, and says when there is room', async () => {
      const { peer, connection, events } = await greeted({ role: 'client' }, [
        SETTING.maxConcurrentStreams,
        1,
      ]);
      const first = send(connection);
      events.length = 0;

      expect(connection.hasRoom).toBe(false);
      expect(() => send(connection)).toThrow(
        expect.objectContaining({ http2Code: ErrorCode.RefusedStream }),
      );
      peer.write(frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, STATUS_200));
      await first.closed;

      expect(events).toEqual(['room']);
      expect(connection.hasRoom).toBe(true);
      expect(send(connection).stream!.id).toBe(3);
    });

    it('says when settings of the peer make room', async () => {
      const { peer, connection, events } = await greeted({ role: 'client' }, [
        SETTING.maxConcurrentStreams,
        0,
      ]);
      expect(connection.hasRoom).toBe(false);
      expect(events).toEqual([]);

      peer.write(settings([SETTING.maxConcurrentStreams, 1]));
      await settle(peer);

      expect(events).toEqual(['room']);
      expect(connection.hasRoom).toBe(true);
    });
  });

  describe('its end', () => {
    it('goes away in two steps, with what was on its way and what is in flight', async () => {
      const { peer, connection, stream, recorders, ends } = await answering();

      connection.goAway();
      const first = await peer.until(({ type }) => type === TYPE.goAway);
      expect(first.payload.readUInt32BE(0)).toBe(2 ** 31 - 1);
      const ping = await peer.until(({ type }) => type === TYPE.ping);
      peer.write(wholeRequest(3), frame(TYPE.ping, FLAG.ack, 0, ping.payload));
      const second = await peer.until(({ type }) => type === TYPE.goAway);
      expect(second.payload.readUInt32BE(0)).toBe(3);
      expect(second.payload.readUInt32BE(4)).toBe(ErrorCode.NoError);
      stream.sendHeaders([':status', '200'], true);
      await settle(peer);
      expect(ends).toEqual([]);
      recorders[1]!.stream!.sendHeaders([':status', '200'], true);
      await peer.until(({ streamId, flags }) => streamId === 3 && (flags & FLAG.endStream) !== 0);
      await peer.closed;

      expect(ends).toEqual([undefined]);
    });

    it('lets a client of ours finish its call when the server goes away', async () => {
      let answer!: Http2Stream;
      let asked!: () => void;
      let left!: (code: number) => void;
      let over!: (error?: Error) => void;
      const hasAsked = new Promise<void>((resolve) => (asked = resolve));
      const hasLeft = new Promise<number>((resolve) => (left = resolve));
      const isOver = new Promise<Error | undefined>((resolve) => (over = resolve));
      const { client, server } = pair({
        client: { onGoAway: left, onClose: over },
        server: {
          onRequest(stream) {
            answer = stream;
            stream.listener = new Recorder();
            asked();
          },
        },
      });
      const recorder = send(client);
      await hasAsked;

      server.goAway();
      expect(await hasLeft).toBe(ErrorCode.NoError);
      expect(client.hasRoom).toBe(false);
      answer.sendHeaders([':status', '200'], true);

      expect(await recorder.closed).toBeUndefined();
      expect(await isOver).toBeUndefined();
    });

    it('aborts streams that its peer did not take, and finishes the others', async () => {
      const { peer, connection, events, ends } = await greeted({ role: 'client' });
      const taken = send(connection);
      const refused = send(connection);

      peer.write(
        frame(
          TYPE.goAway,
          0,
          0,
          Buffer.concat([number32(1), number32(ErrorCode.NoError), Buffer.from('bye')]),
        ),
      );

      expect(await refused.closed).toMatchObject({
        scope: 'stream',
        http2Code: ErrorCode.RefusedStream,
        remote: true,
      });
      expect(events).toContain('goaway 0 bye');
      expect(taken.errors).toEqual([]);
      peer.write(frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, STATUS_200));
      expect(await taken.closed).toBeUndefined();
      await peer.closed;
      expect(ends).toEqual([undefined]);
      expect(refused.errors).toHaveLength(1);
    });

    it('aborts each stream once when it is destroyed', async () => {
      const { peer, connection, recorders, ends } = await greeted();
      peer.write(openRequest(1), openRequest(3));
      await settle(peer);
      const reason = new Error('enough');

      connection.destroy(reason);
      connection.destroy();
      await peer.closed;

      for (const { errors } of recorders) {
        expect(errors).toHaveLength(1);
        expect(errors[0]).toBeInstanceOf(Http2Error);
        expect(errors[0]!.cause).toBe(reason);
      }
      expect(ends).toEqual([reason]);
      expect(connection.streamCount).toBe(0);
    });

    it.each<[how: string, cut: (peer: RawClient) => void]>([
      ['is reset', (peer) => peer.socket.resetAndDestroy()],
      ['is cut', (peer) => peer.socket.destroy()],
      ['is ended', (peer) => peer.socket.end()],
    ])('aborts each stream once when the socket %s', async (_how, cut) => {
      const { peer, socket, recorders, ends } = await greeted();
      peer.write(openRequest(1), openRequest(3));
      await settle(peer);
      const closed = once(socket, 'close').catch(() => {});

      cut(peer);
      await Promise.all(recorders.map((recorder) => recorder.closed));
      await closed;

      expect(recorders.map(({ errors }) => errors.length)).toEqual([1, 1]);
      expect(recorders[0]!.errors[0]).toBeInstanceOf(Http2Error);
      expect(ends).toHaveLength(1);
      expect(ends[0]).toBeInstanceOf(Error);
    });

    it('ends in order when a socket without streams is ended', async () => {
      const { peer, ends } = await greeted();

      peer.socket.end();
      await peer.closed;

      expect(ends).toEqual([undefined]);
    });

    it('says what is wrong to a peer that breaks the rules, and closes', async () => {
      const { peer, recorders, ends } = await greeted();
      peer.write(openRequest(1));
      await settle(peer);

      peer.write(frame(TYPE.data, 0, 7, Buffer.alloc(1)));
      const { payload } = await peer.until(({ type }) => type === TYPE.goAway);
      await peer.closed;

      expect(payload.readUInt32BE(0)).toBe(1);
      expect(payload.readUInt32BE(4)).toBe(ErrorCode.ProtocolError);
      expect(payload.subarray(8).toString()).toBe('DATA on stream 7, which nobody has opened');
      expect(recorders[0]!.errors).toEqual([ends[0]]);
      expect(ends).toMatchObject([{ scope: 'connection', http2Code: ErrorCode.ProtocolError }]);
    });

    it.each<[what: string, type: number, flags: number, payload: number[], code: number]>([
      ['DATA without its pad length', TYPE.data, FLAG.padded, [], ErrorCode.FrameSizeError],
      ['DATA with too much padding', TYPE.data, FLAG.padded, [1], ErrorCode.ProtocolError],
      ['HEADERS without their pad length', TYPE.headers, FLAG.padded, [], ErrorCode.FrameSizeError],
      ['HEADERS with too much padding', TYPE.headers, FLAG.padded, [1], ErrorCode.ProtocolError],
      [
        'HEADERS that are less than a priority',
        TYPE.headers,
        0x20,
        [0, 0, 0, 0],
        ErrorCode.FrameSizeError,
      ],
      [
        'padded HEADERS that are less than a priority',
        TYPE.headers,
        FLAG.padded | 0x20,
        [0, 0, 0, 0, 0],
        ErrorCode.FrameSizeError,
      ],
      [
        'HEADERS whose padding overlaps their priority',
        TYPE.headers,
        FLAG.padded | 0x20,
        [1, 0, 0, 0, 0, 0],
        ErrorCode.ProtocolError,
      ],
    ])('is due to %s', async (_what, type, flags, payload, code) => {
      const { peer } = await greeted();
      peer.write(openRequest(1));

      peer.write(frame(type, flags | FLAG.endHeaders, 1, Buffer.from(payload)));

      expect(await peer.goAwayCode()).toBe(code);
    });

    it('gives up a peer that never acknowledges its settings', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const { peer, ends } = await setUp();
      peer.write(PREFACE, settings());
      await settle(peer);
      vi.advanceTimersByTime(9999);
      expect(ends).toEqual([]);
      vi.advanceTimersByTime(1);

      expect(await peer.goAwayCode()).toBe(ErrorCode.SettingsTimeout);
      await peer.closed;
      expect(ends).toMatchObject([{ http2Code: ErrorCode.SettingsTimeout }]);
    });

    it('leaves no timer behind', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const { connection } = await setUp();
      expect(vi.getTimerCount()).toBe(1);
      connection.destroy();
      expect(vi.getTimerCount()).toBe(0);

      const { peer, socket } = await greeted();
      expect(vi.getTimerCount()).toBe(0);
      const closed = once(socket, 'close');
      peer.write(frame(TYPE.data, 0, 7));
      await closed;
      expect(vi.getTimerCount()).toBe(0);
    });

    it('cuts off a peer that does not close its end after the last words', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const { peer, socket } = await greeted();
      peer.socket.allowHalfOpen = true;
      peer.write(frame(TYPE.data, 0, 7));
      await peer.goAwayCode();
      expect(socket.destroyed).toBe(false);

      vi.advanceTimersByTime(1000);

      expect(socket.destroyed).toBe(true);
    });

    it('takes no requests when it is over', async () => {
      const { client } = pair({ server: { onRequest: accept } });
      expect(await send(client).closed).toBeUndefined();

      client.destroy();

      expect(client.hasRoom).toBe(false);
      expect(() => send(client)).toThrow(Http2Error);
    });
  });

  describe('its pings', () => {
    it('are answered with the round trip', async () => {
      const { client, server } = pair();

      for (const ms of await Promise.all([client.ping(), client.ping(), server.ping()])) {
        expect(ms).toBeGreaterThan(0);
      }
    });

    it('fail with the connection', async () => {
      const { connection } = await greeted();
      const ping = connection.ping();

      connection.destroy(new Error('enough'));

      await expect(ping).rejects.toThrow('enough');
    });
  });
});
