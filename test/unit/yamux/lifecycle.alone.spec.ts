import type { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { YamuxStream } from '../../../lib/yamux/index.js';
import { ACK, D, FIN, RST, SYN, W } from '../../fixtures/raw-peer.js';
import {
  acceptStream,
  expectFatal,
  openStream,
  stopTheClock,
  useYamux,
} from '../../fixtures/yamux-link.js';
import {
  closeOf,
  collect,
  eventsOf,
  pattern,
  readAll,
  readBytes,
  write,
} from '../../fixtures/yamux-streams.js';

const WINDOW = 256 * 1024;
const MINUTE = 60_000;

describe('yamux streams', () => {
  const yamux = useYamux();

  describe('acceptance', () => {
    it('ST-01 sends ACK when a stream is accepted, not before, and exactly once', async () => {
      const { peer, accept } = await yamux.server();
      peer.write(W(SYN, 1, 0));
      await peer.expectNothing();

      await accept();

      await peer.expectFrames('000100020000000100000000');
      await peer.expectNothing();
    });

    it('ST-01 sends ACK at once when a handler takes every stream', async () => {
      const { peer, session } = await yamux.server();
      session.onStream((stream) => yamux.watched(stream));

      peer.write(W(SYN, 1, 0));

      await peer.expectFrames('000100020000000100000000');
      await peer.expectNothing();
    });

    it('ST-01 hands the streams that wait to a handler that comes late, in order', async () => {
      const { peer, session } = await yamux.server();
      peer.write(W(SYN, 1, 0), W(SYN, 3, 0));
      await peer.expectNothing();
      const ids: number[] = [];

      session.onStream((stream) => ids.push(yamux.watched(stream).id));
      peer.write(W(SYN, 5, 0));

      await peer.expectFrames(W(ACK, 1, 0), W(ACK, 3, 0), W(ACK, 5, 0));
      expect(ids).toEqual([1, 3, 5]);
    });

    it('ST-02 sends no second ACK on data, credit or FIN', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      stream.write('x');
      await link.peer.expectFrames('000000000000000100000001 78');
      link.peer.write(D(0, 1, pattern(WINDOW / 2)));
      await readBytes(stream, WINDOW / 2);
      await link.peer.expectFrames('000100000000000100020000');
      stream.end();
      await link.peer.expectFrames('000100040000000100000000');
    });

    it('ST-03 accepts ids in the order in which they come, not in their own', async () => {
      const { peer, accept } = await yamux.server();
      peer.write(W(SYN, 1, 0), W(SYN, 5, 0), W(SYN, 3, 0));

      const streams = [await accept(), await accept(), await accept()];

      expect(streams.map((stream) => stream.id)).toEqual([1, 5, 3]);
      await peer.expectFrames(W(ACK, 1, 0), W(ACK, 5, 0), W(ACK, 3, 0));
    });

    it('ST-04 carries 64 streams that are opened at once, a byte on each', async () => {
      const { client, server } = await yamux.pair();
      const received: Promise<[id: number, byte: number | undefined]>[] = [];
      const accepted = new Promise<void>((resolve) => {
        server.session.onStream((stream) => {
          received.push(readAll(yamux.watched(stream)).then((bytes) => [stream.id, bytes[0]]));
          if (received.length === 64) resolve();
        });
      });

      const streams = await Promise.all(Array.from({ length: 64 }, () => client.open()));
      for (const stream of streams) stream.end(Buffer.of(stream.id));

      await accepted;
      const ids = Array.from({ length: 64 }, (_, index) => 2 * index + 1);
      expect(await Promise.all(received)).toEqual(ids.map((id) => [id, id]));
    });
  });

  describe('ids', () => {
    it('ST-05 ends the session when an id is opened twice', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      link.peer.write(W(SYN, 1, 0));

      await expectFatal(link, 'ERR_YAMUX_PROTOCOL', [stream]);
    });

    it('ST-06 accepts an id again after both sides have ended the stream', async () => {
      const link = await yamux.server();
      const first = await acceptStream(link);
      link.peer.write(W(FIN, 1, 0));
      await readAll(first);
      first.end();
      await link.peer.expectFrames(W(FIN, 1, 0));

      const second = await acceptStream(link);

      expect(second).not.toBe(first);
      link.peer.write(D(0, 1, 'again'));
      expect((await readBytes(second, 5)).toString()).toBe('again');
    });

    it.each(['server', 'client'] as const)(
      'ST-07 ends the session when the peer opens an id of ours (as %s)',
      async (role) => {
        const link = await yamux[role]();

        link.peer.write(W(SYN, role === 'server' ? 2 : 1, 0));

        await expectFatal(link, 'ERR_YAMUX_PROTOCOL');
      },
    );

    it.each([
      ['data', D(0, 0, 'x')],
      ['data with SYN', D(SYN, 0, 'x')],
      ['a window update', W(0, 0, 1)],
      ['a window update with SYN', W(SYN, 0, 0)],
      ['the SETTINGS of a plain HTTP/2 server', '000006040000000000000500'],
    ])('ST-08 ends the session on stream 0: %s', async (_, frame) => {
      const link = await yamux.client();

      link.peer.write(frame);

      await expectFatal(link, 'ERR_YAMUX_PROTOCOL');
    });

    it('ST-19 refuses to open once the ids are used up, and goes on otherwise', async () => {
      const link = await yamux.client({}, { nextStreamId: 0xfffffffb });
      const [first, last] = [await link.open(), await link.open()];
      await link.peer.expectFrames('00010001fffffffb00000000', '00010001fffffffd00000000');

      const refusal = { name: 'YamuxError', code: 'ERR_YAMUX_STREAMS_EXHAUSTED' };
      await expect(link.open()).rejects.toMatchObject(refusal);
      await expect(link.open()).rejects.toMatchObject(refusal);

      expect([first.id, last.id]).toEqual([0xfffffffb, 0xfffffffd]);
      link.peer.write(D(ACK, 0xfffffffd, 'high'));
      expect((await readBytes(last, 4)).toString()).toBe('high');
      await link.peer.expectAlive();
    });
  });

  describe('streams that end before they begin', () => {
    it('ST-09 gives a stream that was ended before it was accepted', async () => {
      const { peer, accept } = await yamux.server();
      peer.write(W(SYN, 1, 0), W(FIN, 1, 0));
      await peer.expectNothing();

      const stream = await accept();

      expect(await readAll(stream)).toHaveLength(0);
      stream.end('late');
      const frames = await peer.framesUntil((frame) => frame.flags === FIN);
      expect(frames.map((frame) => frame.hex).slice(-2)).toEqual([
        D(0, 1, 'late').toString('hex'),
        W(FIN, 1, 0).toString('hex'),
      ]);
    });

    it.each([
      ['ST-10', 'SYN and RST in two frames', [W(SYN, 1, 0), W(RST, 1, 0)]],
      ['ST-11', 'SYN and RST in one frame', [W(SYN | RST, 1, 0)]],
    ])('%s forgets a stream that is reset before it is accepted: %s', async (_, __, frames) => {
      const { peer, session, accept } = await yamux.server();

      peer.write(...frames, W(SYN, 3, 0));
      await peer.expectNothing();

      expect((await accept()).id).toBe(3);
      await peer.expectFrames(W(ACK, 3, 0));
      expect(session.streamCount).toBe(1);
      await peer.expectAlive();
    });

    it.each([
      ['ST-10', 'SYN and RST in two frames', [W(SYN, 1, 0), W(RST, 1, 0)]],
      ['ST-11', 'SYN and RST in one frame', [W(SYN | RST, 1, 0)]],
    ])('%s shows a handler a stream that is reset at once: %s', async (_, __, frames) => {
      const { peer, session } = await yamux.server();
      const streams: YamuxStream[] = [];
      session.onStream((stream) => streams.push(yamux.watched(stream)));

      peer.write(...frames);

      await peer.framesUntil((frame) => frame.flags === ACK);
      await peer.expectAlive();
      await Promise.all(streams.map(closeOf));
      expect(streams.map(eventsOf)).toEqual([['error ERR_YAMUX_STREAM_RESET', 'close']]);
      expect(session.streamCount).toBe(0);
    });
  });

  describe('opening', () => {
    it('ST-12 delivers data that comes without an acknowledgement', async () => {
      const link = await yamux.client();
      const stream = await openStream(link);

      link.peer.write(D(0, 1, 'early'));

      expect((await readBytes(stream, 5)).toString()).toBe('early');
    });

    it('ST-13 frees the slot of a stream that both sides ended without an acknowledgement', async () => {
      const link = await yamux.client({ acceptBacklog: 1 });
      const stream = await openStream(link);
      stream.resume().end();
      await link.peer.expectFrames(W(FIN, 1, 0));
      const second = link.open();
      await link.peer.expectNothing();

      link.peer.write(W(FIN, 1, 0));

      expect((await second).id).toBe(3);
      await link.peer.expectFrames(W(SYN, 3, 0));
      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['end', 'close']);
      expect(link.session.streamCount).toBe(1);
    });

    it('ST-14 fails a stream that is reset instead of acknowledged, and frees its slot', async () => {
      const link = await yamux.client({ acceptBacklog: 1 });
      const stream = await openStream(link);
      const second = link.open();

      link.peer.write(W(RST, 1, 0));

      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_STREAM_RESET', 'close']);
      expect((await second).id).toBe(3);
      await link.peer.expectFrames(W(SYN, 3, 0));
    });

    it('ST-15 frees no slot for an ACK that is repeated or belongs to no stream', async () => {
      const link = await yamux.client({ acceptBacklog: 2 });
      await openStream(link);
      await openStream(link);
      const [third, fourth] = [link.open(), link.open()];

      link.peer.write(W(ACK, 99, 0), W(ACK, 1, 0), W(ACK, 1, 0));
      await link.peer.expectFrames(W(SYN, 5, 0));
      await link.peer.expectNothing();
      link.peer.write(W(ACK, 3, 0));
      await link.peer.expectFrames(W(SYN, 7, 0));

      expect([(await third).id, (await fourth).id]).toEqual([5, 7]);
    });

    it('ST-16 ignores ACK on a stream that the peer opened', async () => {
      const { peer, accept } = await yamux.server();
      peer.write(W(SYN | ACK, 1, 0), W(ACK, 1, 0), D(ACK, 1, 'data'));

      const stream = await accept();

      await peer.expectFrames(W(ACK, 1, 0));
      expect((await readBytes(stream, 4)).toString()).toBe('data');
      await peer.expectAlive();
    });

    it.each([
      ['ACK', W(ACK, 1, 0)],
      ['RST', W(RST, 1, 0)],
      ['FIN', W(FIN, 1, 0)],
    ])('ST-17 opens no more streams than the backlog allows, until %s', async (_, frame) => {
      const link = await yamux.client({ acceptBacklog: 2 });
      await openStream(link);
      await openStream(link);
      const third = link.open();
      await link.peer.expectNothing();

      link.peer.write(frame);

      expect((await third).id).toBe(5);
      await link.peer.expectFrames(W(SYN, 5, 0));
    });

    it('ST-17 opens the next stream when one that was not acknowledged is destroyed', async () => {
      const link = await yamux.client({ acceptBacklog: 1 });
      const first = await openStream(link);
      const second = link.open();

      first.destroy();

      expect((await second).id).toBe(3);
      await link.peer.expectFrames(W(RST, 1, 0), W(SYN, 3, 0));
    });

    it('ST-17 rejects an open that waits when the session ends', async () => {
      const link = await yamux.client({ acceptBacklog: 1 });
      await openStream(link);
      const second = link.open();

      link.peer.end();

      await expect(second).rejects.toMatchObject({ code: 'ERR_YAMUX_SESSION_CLOSED' });
    });

    it('ST-18 ends the session when a stream is not acknowledged in time', async () => {
      const link = await yamux.client({ streamOpenTimeoutMs: 50 });
      const stream = await openStream(link);

      const error = await link.session.closed;

      expect(error).toMatchObject({ name: 'YamuxError', code: 'ERR_YAMUX_OPEN_TIMEOUT' });
      await link.peer.waitClosed();
      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_OPEN_TIMEOUT', 'close']);
      expect(link.closes).toEqual([error]);
    });

    it('ST-18 stops waiting for ACK when the stream is acknowledged, ended, reset or destroyed', async () => {
      stopTheClock();
      const link = await yamux.client({ streamCloseTimeoutMs: 0 });
      const streams = [];
      for (let count = 0; count < 4; count++) streams.push(await openStream(link));

      link.peer.write(W(ACK, 1, 0), W(FIN, 3, 0), W(RST, 5, 0));
      streams[3]!.destroy();
      await link.peer.expectFrames(W(RST, 7, 0));
      await link.peer.expectNothing();

      expect(vi.getTimerCount()).toBe(0);
      vi.advanceTimersByTime(10 * MINUTE);
      await link.peer.expectAlive();
    });

    it('ST-20 sends SYN and what is written in the same turn in one write', async () => {
      const { session, socket } = await yamux.client();
      const written = vi.spyOn(socket, 'write');

      // In a callback of the event loop, where a flush on the next tick would precede what awaits.
      const opened = new Promise<YamuxStream>((resolve) =>
        setImmediate(() => resolve(session.open())),
      );
      yamux.watched(await opened).write('first words');
      await new Promise((resolve) => setImmediate(resolve));

      const chunks = written.mock.calls.map(([chunk]) => Buffer.from(chunk as Uint8Array));
      expect(chunks).toEqual([Buffer.concat([W(SYN, 1, 0), D(0, 1, 'first words')])]);
    });

    it('ST-20 sends what is written before the acknowledgement, behind SYN', async () => {
      const { peer, open } = await yamux.client();

      const stream = await open();
      stream.write('now');

      await peer.expectFrames(W(SYN, 1, 0), D(0, 1, 'now'));
    });
  });

  describe('reset', () => {
    it('ST-21 loses unread data when the peer resets the stream', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      link.peer.write(D(0, 1, 'unread'));
      await link.peer.expectNothing();

      link.peer.write(W(RST, 1, 0), D(0, 1, 'later'), W(0, 1, 1), W(FIN, 1, 0));

      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_STREAM_RESET', 'close']);
      const received = collect(stream);
      expect(await write(stream, 'x')).toBeInstanceOf(Error);
      await link.peer.expectAlive();
      expect(received.bytes).toHaveLength(0);
      expect(link.session.streamCount).toBe(0);
    });

    it('ST-21 makes no stack for the error of a reset, which would cost more than the stream', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const failure = new Promise<Error>((resolve) => stream.once('error', resolve));

      link.peer.write(W(RST, 1, 0));

      const { stack, message } = await failure;
      expect(stack).not.toContain('\n');
      expect(stack).toContain(message);
      expect(new Error('later').stack).toContain('\n');
    });

    it('ST-22 takes FIN with RST as a reset', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      link.peer.write(W(FIN | RST, 1, 0));

      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_STREAM_RESET', 'close']);
      await link.peer.expectAlive();
    });

    it('ST-23 skips the payload of a frame that resets its stream', async () => {
      const link = await yamux.server();
      const [first, second] = [await acceptStream(link, 1), await acceptStream(link, 3)];

      link.peer.write(D(RST, 1, 'def'), D(0, 3, 'next'));

      expect((await readBytes(second, 4)).toString()).toBe('next');
      expect(eventsOf(first)).toEqual(['error ERR_YAMUX_STREAM_RESET', 'close']);
      await link.peer.expectAlive();
    });

    it('ST-24 sends RST when an open stream is destroyed', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      stream.destroy();

      await link.peer.expectFrames('000100080000000100000000');
      expect(link.session.streamCount).toBe(0);
      expect(eventsOf(stream)).toEqual(['close']);
    });

    it('ST-24 sends RST when an open stream is destroyed with an error', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      stream.destroy(Object.assign(new Error('enough'), { code: 'ENOUGH' }));

      await link.peer.expectFrames('000100080000000100000000');
      expect(eventsOf(stream)).toEqual(['error ENOUGH', 'close']);
    });

    it('ST-24 sends FIN when a stream that the peer has ended is destroyed', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      link.peer.write(W(FIN, 1, 0));
      await readAll(stream);

      stream.destroy();

      await link.peer.expectFrames('000100040000000100000000');
      await link.peer.expectNothing();
      expect(link.session.streamCount).toBe(0);
    });

    it('ST-24 sends RST when a stream that the peer has ended is destroyed with data unsent', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const written = write(stream, Buffer.alloc(WINDOW + 1));
      await link.peer.readData(1, WINDOW);
      link.peer.write(W(FIN, 1, 0));
      await readAll(stream);

      stream.destroy();

      await link.peer.expectFrames('000100080000000100000000');
      expect(await written).toBeInstanceOf(Error);
      expect(link.session.streamCount).toBe(0);
    });

    it('ST-24 sends nothing more when a stream that we have ended is destroyed', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      stream.end();
      await link.peer.expectFrames('000100040000000100000000');

      stream.destroy();

      await link.peer.expectNothing();
      await closeOf(stream);
      link.peer.write(W(FIN, 1, 0));
      await link.peer.expectNothing();
      expect(link.session.streamCount).toBe(0);
    });
  });

  it('ST-25 keeps nothing of 10 000 streams that were opened and closed', async () => {
    stopTheClock();
    const { client, server } = await yamux.pair();
    server.session.onStream((stream) => stream.resume().end());
    const emitters: EventEmitter[] = [client, server].flatMap(({ session, socket }) => [
      session,
      socket,
    ]);
    const listeners = () =>
      emitters.map((emitter) => emitter.eventNames().map((name) => emitter.listenerCount(name)));
    const before = listeners();

    for (let round = 0; round < 100; round++) {
      const batch = Array.from({ length: 100 }, async () => {
        const stream = await client.session.open();
        const ended = readAll(stream);
        stream.end();
        await ended;
      });
      await Promise.all(batch);
    }
    await client.session.ping();

    expect([client.session.streamCount, server.session.streamCount]).toEqual([0, 0]);
    expect(vi.getTimerCount()).toBe(0);
    expect(listeners()).toEqual(before);
  });
});
