import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { Uncaught } from '../../fixtures/http2/uncaught.js';
import { ACK, D, FIN, header, P, RST, SYN, W } from '../../fixtures/raw-peer.js';
import { acceptStream, expectFatal, useYamux } from '../../fixtures/yamux-link.js';
import {
  closeOf,
  collect,
  eventsOf,
  memoryInUse,
  readAll,
  readBytes,
  write,
} from '../../fixtures/yamux-streams.js';

const WINDOW = 256 * 1024;
const MiB = 1024 * 1024;

describe('yamux under hostile input', () => {
  const yamux = useYamux();

  describe('bytes that are not yamux', () => {
    it('HX-01 ends the session on any version but 0', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      link.peer.write('010000000000000100000000');

      await expectFatal(link, 'ERR_YAMUX_PROTOCOL', [stream]);
    });

    it.each([4, 5, 255])('HX-02 ends the session on frame type %i', async (type) => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const blocked = write(stream, Buffer.alloc(WINDOW + 1));
      await link.peer.readData(1, WINDOW);

      link.peer.write(header(type, 0, 1, 0));

      await expectFatal(link, 'ERR_YAMUX_PROTOCOL', [stream]);
      expect(await blocked).toMatchObject({ code: 'ERR_YAMUX_PROTOCOL' });
    });

    it.each([
      ['an HTTP/1 request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
      ['an HTTP/2 preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
      ['a TLS handshake', Buffer.from('16030100c8010000c4030300112233445566', 'hex')],
      ['a TLS alert, shorter than a header', Buffer.from('15030300020228', 'hex')],
    ])('HX-03 ends the session at once on %s', async (_, bytes) => {
      const link = await yamux.client();

      link.peer.write(bytes);

      await expectFatal(link, 'ERR_YAMUX_PROTOCOL');
    });
  });

  describe('frames for streams that are not there', () => {
    it.each<[protocol: string, first: Buffer, explanation: RegExp, rule: string]>([
      [
        'HTTP/1',
        Buffer.from('HTTP/1.1 400 Bad'),
        /HTTP\/1 server/,
        'frame of version 72; only 0 exists',
      ],
      [
        'HTTP/2',
        Buffer.from('000006040000000000000500', 'hex'),
        /HTTP\/2 server/,
        'frame for stream 0',
      ],
      [
        'TLS',
        Buffer.from('150303000202460000000000', 'hex'),
        /speaks TLS/,
        'frame of version 21; only 0 exists',
      ],
      [
        'SSH',
        Buffer.from('SSH-2.0-OpenSSH'),
        /does not speak yamux/,
        'frame of version 83; only 0 exists',
      ],
      ['an unknown protocol', W(0, 0, 1), /may not speak yamux/, 'frame for stream 0'],
    ])('explains that the peer speaks %s, unless it has sent a valid frame', async (...row) => {
      const [, first, explanation, rule] = row;
      const [stranger, faulty] = [await yamux.client(), await yamux.client()];

      stranger.peer.write(first);
      faulty.peer.write(P(SYN, 0, 1), first);

      expect(await stranger.session.closed).toMatchObject({
        message: expect.stringMatching(explanation) as unknown,
        cause: { message: rule },
      });
      const error = await faulty.session.closed;
      expect(error).toMatchObject({ message: rule });
      expect(error!.cause).toBeUndefined();
    });

    it('HX-04 skips the payload of an unknown stream', async () => {
      const { peer } = await yamux.server();

      peer.write(D(0, 77, 'abc'));

      await peer.expectAlive();
    });

    it('HX-05 skips 64 MiB of an unknown stream in constant memory', async () => {
      const { peer, open } = await yamux.server();
      const megabyte = Buffer.alloc(MiB, 'x');
      const before = await memoryInUse();

      await peer.deliver('0000000000000063ffffffff');
      for (let sent = 0; sent < 64; sent++) await peer.deliver(megabyte);

      expect((await memoryInUse()) - before).toBeLessThan(8 * MiB);
      await open();
      await peer.expectFrames(W(SYN, 2, 0));
    });

    it.each([
      ['a window update', W(0, 77, 1_000)],
      ['FIN', W(FIN, 77, 0)],
      ['RST', W(RST, 77, 0)],
      ['ACK', W(ACK, 77, 0)],
      ['empty data', D(0, 77)],
      ['data with FIN', D(FIN, 77, 'x')],
      ['data with RST', D(RST, 77, 'x')],
    ])('HX-06 ignores %s for an unknown stream, without an answer', async (_, frame) => {
      const { peer, session } = await yamux.server();

      peer.write(frame);

      await peer.expectNothing();
      expect(session.streamCount).toBe(0);
    });

    it('HX-09 skips data that comes after our reset', async () => {
      const link = await yamux.server();
      (await acceptStream(link)).destroy();
      await link.peer.expectFrames(W(RST, 1, 0));

      link.peer.write(D(0, 1, 'late'), D(FIN, 1, 'later'));

      await link.peer.expectNothing();
    });

    it('HX-09 skips data that comes after a reset of the peer', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const received = collect(stream);

      link.peer.write(W(RST, 1, 0), D(0, 1, 'late'), D(FIN, 1, 'later'));

      await link.peer.expectNothing();
      expect(received.bytes).toHaveLength(0);
    });
  });

  describe('frames after FIN', () => {
    it('HX-07 resets a stream that the peer ends twice', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      link.peer.write(W(FIN, 1, 0), W(FIN, 1, 0));

      await link.peer.expectFrames('000100080000000100000000');
      await link.peer.expectAlive();
      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_STREAM_RESET', 'close']);
    });

    it('HX-07 resets a stream that the peer ends again after the application saw the end', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      link.peer.write(W(FIN, 1, 0));
      await readAll(stream);

      link.peer.write(D(FIN, 1));

      await link.peer.expectFrames('000100080000000100000000');
      await link.peer.expectAlive();
      expect(eventsOf(stream)).toEqual(['end', 'error ERR_YAMUX_STREAM_RESET', 'close']);
    });

    it('HX-08 resets a stream that gets data after its end, and skips the payload', async () => {
      const link = await yamux.server();
      const [stream, other] = [await acceptStream(link, 1), await acceptStream(link, 3)];
      link.peer.write(D(FIN, 1, 'all'));
      expect((await readAll(stream)).toString()).toBe('all');

      link.peer.write(D(0, 1, 'more'), D(0, 3, 'next'));

      await link.peer.expectFrames('000100080000000100000000');
      expect((await readBytes(other, 4)).toString()).toBe('next');
      await link.peer.expectAlive();
      expect(eventsOf(stream)).toEqual(['end', 'error ERR_YAMUX_STREAM_RESET', 'close']);
    });
  });

  describe('broken connections', () => {
    it('HX-10 reports a connection that ends inside a header', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      await link.peer.deliver('0000000000');
      link.peer.end();

      expect(await link.session.closed).toMatchObject({ code: 'ERR_YAMUX_UNEXPECTED_EOF' });
      await link.peer.waitClosed();
      expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_UNEXPECTED_EOF', 'close']);
    });

    it('HX-10 delivers the part that came of a payload, then reports that the rest did not', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      await link.peer.deliver(header(0, FIN, 1, 10), Buffer.from('abc'));
      link.peer.end();
      expect(await link.session.closed).toMatchObject({ code: 'ERR_YAMUX_UNEXPECTED_EOF' });

      await link.peer.waitClosed();
      expect((await readBytes(stream, 3)).toString()).toBe('abc');
      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_UNEXPECTED_EOF', 'close']);
    });

    it.each(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'])(
      'HX-11 closes every stream once with the error of the socket: %s',
      async (code) => {
        const link = await yamux.server();
        const streams = [await acceptStream(link, 1), await acceptStream(link, 3)];
        const blocked = write(streams[0]!, Buffer.alloc(WINDOW + 1));
        const failure = Object.assign(new Error(`write ${code}`), { code });

        link.socket.destroy(failure);

        expect(await link.session.closed).toBe(failure);
        await link.peer.waitClosed();
        await Promise.all(streams.map(closeOf));
        for (const stream of streams) expect(eventsOf(stream)).toEqual([`error ${code}`, 'close']);
        expect(await blocked).toBe(failure);
        expect(link.closes).toEqual([failure]);
        expect(link.session.streamCount).toBe(0);
      },
    );
  });

  describe('applications that do not listen', () => {
    it('HX-12 survives a stream reset of which nobody wants to know', async () => {
      const { peer, session } = await yamux.server();
      peer.write(W(SYN, 1, 0));
      const stream = await session.accept();
      await peer.expectFrames(W(ACK, 1, 0));
      expect(stream.write('x')).toBe(true);

      peer.write(W(RST, 1, 0));

      await peer.expectFrames(D(0, 1, 'x'));
      await peer.expectAlive();
      expect(stream.destroyed).toBe(true);
      stream.write('into the void');
      await peer.expectAlive();
    });

    it('HX-12 survives a violation of which nobody wants to know', async () => {
      const { peer, session } = await yamux.server();
      peer.write(W(SYN, 1, 0));
      const stream = await session.accept();

      peer.write(W(SYN, 1, 0));

      await peer.waitClosed();
      expect(stream.destroyed).toBe(true);
      expect(session.listenerCount('error')).toBe(0);
    });
  });

  describe('applications that throw', () => {
    it('HX-13 resets only the stream whose handler threw', async () => {
      const { peer, session } = await yamux.server();
      const received: Promise<Buffer>[] = [];
      session.onStream((stream) => {
        yamux.watched(stream);
        if (stream.id === 1) throw new Error('not this one');
        received.push(readBytes(stream, 4));
      });

      peer.write(W(SYN, 1, 0), D(0, 1, 'lost'), W(SYN, 3, 0), D(0, 3, 'kept'), D(0, 1, 'lost'));

      const frames = await peer.framesUntil((frame) => frame.streamId === 3);
      const ofTheFirst = frames.filter((frame) => frame.streamId === 1);
      expect(ofTheFirst.at(-1)?.hex).toBe('000100080000000100000000');
      expect((await received[0]!).toString()).toBe('kept');
      await peer.expectAlive();
      expect(session.streamCount).toBe(1);
    });

    it('HX-13 skips the payload that opens a stream whose handler threw', async () => {
      const { peer, session } = await yamux.server();
      session.onStream((stream) => {
        yamux.watched(stream);
        throw new Error('none at all');
      });

      peer.write(D(SYN | FIN, 1, 'lost'), D(SYN, 3, 'lost'));

      await peer.framesUntil((frame) => frame.streamId === 3 && frame.flags === RST);
      await peer.expectAlive();
      expect(session.streamCount).toBe(0);
    });
  });

  describe('listeners that throw', () => {
    it("HX-13 keep no other stream from its data, also if the end made Node emit 'readable'", async () => {
      const uncaught = new Uncaught();
      try {
        const link = await yamux.server();
        const [first, second] = [await acceptStream(link, 1), await acceptStream(link, 3)];
        first.on('readable', () => {
          throw new Error('not readable');
        });
        await nextTurn();

        link.peer.write(D(FIN, 1, 'data'), D(0, 3, 'data'));

        expect((await readBytes(second, 4)).toString()).toBe('data');
        await link.peer.expectAlive();
        expect(uncaught.errors).toContainEqual(new Error('not readable'));
      } finally {
        uncaught.release();
      }
    });
  });

  describe('applications that act while a chunk is parsed', () => {
    it('HX-14 lets a data handler open, write and destroy', async () => {
      const link = await yamux.server();
      const [first, second] = [await acceptStream(link, 1), await acceptStream(link, 3)];
      const lost = collect(second);
      const opened = new Promise<number>((resolve) => {
        first.once('data', (data: Buffer) => {
          void link.open().then((stream) => resolve(stream.id));
          first.write(data);
          second.destroy();
        });
      });

      link.peer.write(D(0, 1, 'echo'), D(0, 3, 'lost'), P(SYN, 0, 9));

      expect(await opened).toBe(2);
      await link.peer.expectFramesInAnyOrder(
        D(0, 1, 'echo'),
        W(SYN, 2, 0),
        W(RST, 3, 0),
        P(ACK, 0, 9),
      );
      expect(lost.bytes).toHaveLength(0);
      await link.peer.expectAlive();
    });

    it('HX-14 lets a data handler destroy its own stream in the middle of a frame', async () => {
      const link = await yamux.server();
      const [first, second] = [await acceptStream(link, 1), await acceptStream(link, 3)];
      first.once('data', () => first.destroy());

      await link.peer.deliver(header(0, 0, 1, 8), Buffer.from('1234'));
      link.peer.write(Buffer.from('5678'), D(0, 3, 'next'));

      await link.peer.expectFrames(W(RST, 1, 0));
      expect((await readBytes(second, 4)).toString()).toBe('next');
      await link.peer.expectAlive();
    });

    it.each(['close', 'destroy'] as const)(
      'HX-14 lets a data handler %s the session: the rest of the chunk is void',
      async (end) => {
        const link = await yamux.server();
        const [first, second] = [await acceptStream(link, 1), await acceptStream(link, 3)];
        const streams: number[] = [];
        link.session.onStream((stream) => streams.push(yamux.watched(stream).id));
        first.once('data', () => void link.session[end]());

        link.peer.write(D(0, 1, 'end it'), W(SYN, 5, 0));

        await link.peer.waitClosed();
        await link.session.closed;
        await Promise.all([first, second].map(closeOf));
        expect(streams).toEqual([]);
        expect(link.closes).toHaveLength(1);
      },
    );

    it.each(['close', 'destroy'] as const)(
      'HX-14 lets a stream handler %s the session',
      async (end) => {
        const link = await yamux.server();
        const streams: number[] = [];
        link.session.onStream((stream) => {
          streams.push(yamux.watched(stream).id);
          void link.session[end]();
        });

        link.peer.write(D(SYN, 1, 'data'), D(SYN, 3, 'data'), '010000000000000000000000');

        await link.peer.waitClosed();
        expect(streams).toEqual([1]);
        expect(link.closes).toHaveLength(1);
      },
    );

    it('HX-14 lets close handlers use what is closed', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const refused: Promise<unknown>[] = [];
      stream.once('close', () => {
        refused.push(link.session.open().catch((error: Error) => error));
        stream.write('x');
        stream.destroy();
        stream.end();
      });
      link.session.once('close', () => {
        refused.push(link.session.open().catch((error: Error) => error));
        refused.push(link.session.accept().catch((error: Error) => error));
        refused.push(link.session.ping().catch((error: Error) => error));
        link.session.goAway();
        void link.session.close();
        link.session.destroy();
        stream.write('x');
        stream.destroy();
      });

      link.peer.write(W(SYN, 1, 0), D(0, 1, 'void'));

      await link.peer.waitClosed();
      await closeOf(stream);
      const errors = await Promise.all(refused);
      expect(errors).toHaveLength(4);
      for (const error of errors) expect(error).toBeInstanceOf(Error);
      expect(link.closes).toHaveLength(1);
    });

    it('HX-14 lets a stream that closes open the next one', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const next = new Promise<number>((resolve) => {
        stream.once('close', () => void link.open().then(({ id }) => resolve(id)));
      });

      link.peer.write(W(RST, 1, 0), P(SYN, 0, 1));

      expect(await next).toBe(2);
      await link.peer.expectFramesInAnyOrder(W(SYN, 2, 0), P(ACK, 0, 1));
    });
  });

  describe('what is logged', () => {
    it('HX-16 says nothing about any number of bad frames, and one error about the session', async () => {
      const said = ['log', 'info', 'warn', 'error', 'debug'] as const;
      const spies = said.map((name) => vi.spyOn(console, name));
      const outputs = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')];
      const warnings = vi.spyOn(process, 'emitWarning');
      const link = await yamux.server({ maxUselessFrames: 1_000_000 });
      const bad = [W(0, 77, 1), D(0, 79, 'x'), W(RST, 81, 0), P(ACK, 0, 1), W(FIN, 83, 0)];
      const frames = Buffer.concat(Array.from({ length: 20_000 }, () => bad).flat());

      await link.peer.deliver(frames);
      link.peer.write('010000000000000000000000');

      await expectFatal(link, 'ERR_YAMUX_PROTOCOL');
      for (const spy of [...spies, ...outputs, warnings]) expect(spy).not.toHaveBeenCalled();
      vi.restoreAllMocks();
    });
  });
});
