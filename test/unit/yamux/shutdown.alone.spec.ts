import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { ACK, D, FIN, soon, SYN, W } from '../../fixtures/raw-peer.js';
import { HeldSocket } from '../../fixtures/yamux-held-socket.js';
import {
  acceptStream,
  openStream,
  stopTheClock,
  tcpHandles,
  useYamux,
} from '../../fixtures/yamux-link.js';
import {
  closeOf,
  eventsOf,
  expectSameBytes,
  pattern,
  readAll,
  readBytes,
  write,
} from '../../fixtures/yamux-streams.js';

const WINDOW = 256 * 1024;
const MiB = 1024 * 1024;
const SESSION_CLOSED = { name: 'YamuxError', code: 'ERR_YAMUX_SESSION_CLOSED' };

describe('yamux shutdown', () => {
  const yamux = useYamux();

  describe('close()', () => {
    it('SD-01 sends what was written, then ends the connection', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const sent = pattern(200_000);
      stream.write(sent);

      const closing = link.session.close();

      expectSameBytes(await link.peer.readData(1, sent.length), sent);
      await link.peer.expectEnd();
      await closing;
      expect(await link.session.closed).toBeUndefined();
      expect(link.closes).toEqual([undefined]);
      expect(link.peer.error).toBeUndefined();
    });

    it('SD-01 sends the FIN of a stream that was ended just before, and waits for no timer', async () => {
      stopTheClock();
      const link = await yamux.server();
      const stream = await acceptStream(link);
      stream.end('bye');

      await soon(link.session.close(), 'the session to close');

      const frames = await link.peer.framesUntilEnd();
      expect(frames.map((frame) => frame.hex)).toEqual(
        [D(0, 1, 'bye'), W(FIN, 1, 0)].map((frame) => frame.toString('hex')),
      );
    });

    it('SD-01 sends what several streams have queued behind a full socket', async () => {
      const link = await yamux.server();
      link.session.onStream((stream) => yamux.watched(stream).write(Buffer.alloc(5 * MiB)));
      link.peer.write(...[1, 3, 5].map((id) => W(SYN, id, 16 * MiB - WINDOW)));
      await link.peer.delivered();

      const closing = link.session.close();

      const frames = await link.peer.framesUntilEnd();
      const total = frames.reduce((sum, frame) => sum + frame.payload.length, 0);
      expect(total).toBe(15 * MiB);
      await closing;
      expect(link.closes).toEqual([undefined]);
    });

    it('SD-01 waits for the credit that written data needs', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      stream.write(Buffer.alloc(WINDOW + 5));
      await link.peer.readData(1, WINDOW);

      const closing = link.session.close();
      await link.peer.expectNothing();
      link.peer.write(W(0, 1, 5));

      await link.peer.readData(1, 5);
      await link.peer.expectEnd();
      await closing;
    });

    it('SD-01 does not wait for ever for a peer that takes nothing', async () => {
      const link = await yamux.server({ connectionWriteTimeoutMs: 50 });
      const stream = await acceptStream(link);
      const blocked = write(stream, Buffer.alloc(WINDOW + 1));
      await link.peer.readData(1, WINDOW);

      await link.session.close();

      expect(await blocked).toBeInstanceOf(Error);
      await link.peer.waitClosed();
      expect(link.closes).toHaveLength(1);
    });

    it.each([
      ['less than the socket holds', 200_000],
      ['more than the socket holds', MiB],
    ])('SD-01 gives a slow network the time it needs for %s', async (_, length) => {
      stopTheClock();
      const socket = new HeldSocket();
      const session = new YamuxSession(socket, 'server');
      socket.push(W(SYN, 1, 16 * MiB));
      const stream = await session.accept();
      const sent = pattern(length);
      stream.end(sent);

      const closing = session.close();
      do {
        await nextTurn();
        vi.advanceTimersByTime(3_000);
      } while (socket.takeWrite());
      vi.advanceTimersByTime(20_000);
      await closing;

      expectSameBytes(payloadOf(Buffer.concat(socket.taken)), sent);
      expect(await session.closed).toBeUndefined();
    });

    it('SD-01 does not wait for ever for a network that takes nothing', async () => {
      stopTheClock();
      const session = new YamuxSession(new HeldSocket(), 'client');
      (await session.open()).end(pattern(200_000));

      const closing = session.close();
      await nextTurn();
      vi.advanceTimersByTime(20_000);

      await closing;
      await session.closed;
      expect(vi.getTimerCount()).toBe(0);
    });

    it('SD-02 closes once, however often it is asked', async () => {
      const link = await yamux.server();
      await acceptStream(link);

      const results = await Promise.all([link.session.close(), link.session.close()]);
      results.push(await link.session.close());
      link.session.destroy();

      expect(results).toEqual([undefined, undefined, undefined]);
      expect(link.closes).toEqual([undefined]);
      await link.peer.waitClosed();
    });

    it('SD-02 closes a session that is closed already', async () => {
      const { peer, session } = await yamux.server();
      peer.end();
      const reason = await session.closed;

      await session.close();

      expect(await session.closed).toBe(reason);
    });

    it('SD-03 rejects what waits and all that comes', async () => {
      const link = await yamux.client({ acceptBacklog: 1 });
      const { session } = link;
      const stream = await openStream(link);
      const pending = [session.open(), session.accept(), session.ping()];
      const rejections = pending.map((promise) =>
        expect(promise).rejects.toMatchObject(SESSION_CLOSED),
      );

      await session.close();

      await Promise.all(rejections);
      await closeOf(stream);
      await expect(session.open()).rejects.toMatchObject(SESSION_CLOSED);
      await expect(session.accept()).rejects.toMatchObject(SESSION_CLOSED);
      await expect(session.ping()).rejects.toMatchObject(SESSION_CLOSED);
      expect(await write(stream, 'x')).toBeInstanceOf(Error);
      expect(session.streamCount).toBe(0);
    });

    it('SD-03 opens and accepts nothing while written data leaves', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      stream.write(Buffer.alloc(WINDOW + 5));
      await link.peer.readData(1, WINDOW);
      const closing = link.session.close();

      await expect(link.session.open()).rejects.toMatchObject(SESSION_CLOSED);
      link.peer.write(W(SYN, 3, 0));
      await link.peer.expectFrames('000100080000000300000000');

      link.peer.write(W(0, 1, 5));
      await link.peer.readData(1, 5);
      await link.peer.expectEnd();
      await closing;
    });

    it('SD-08 loses nothing of what it sent, though it left data of the peer unread', async () => {
      const link = await yamux.server({}, { allowHalfOpen: true });
      const stream = await acceptStream(link);
      const sent = pattern(WINDOW);
      link.peer.write(D(0, 1, pattern(WINDOW)));
      stream.write(sent);

      const closing = link.session.close();
      link.peer.write(D(0, 99, pattern(MiB)));

      expectSameBytes(await link.peer.readData(1, WINDOW), sent);
      await link.peer.expectEnd();
      link.peer.write(D(0, 99, pattern(MiB)));
      link.peer.end();
      await closing;
      await link.peer.waitClosed();
      expect(link.peer.error).toBeUndefined();
    });
  });

  describe('the end of the connection', () => {
    it('SD-04 leaves what has come readable, then closes the stream with the reason', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      await link.peer.deliver(D(0, 1, 'buffered'));
      link.peer.end();
      expect(await link.session.closed).toMatchObject(SESSION_CLOSED);
      await link.peer.waitClosed();

      expect((await readBytes(stream, 8)).toString()).toBe('buffered');

      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_SESSION_CLOSED', 'close']);
    });

    it('SD-04 ends in order a stream whose FIN had come', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      await link.peer.deliver(D(FIN, 1, 'complete'));
      link.peer.end();
      await link.session.closed;
      await link.peer.waitClosed();

      expect((await readAll(stream)).toString()).toBe('complete');

      await closeOf(stream);
      expect(eventsOf(stream)[0]).toBe('end');
    });

    it('SD-04 ends in order a stream that both sides had ended', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      stream.end();
      await link.peer.expectFrames(W(FIN, 1, 0));
      await link.peer.deliver(D(FIN, 1, 'complete'));
      link.peer.end();
      await link.session.closed;
      await link.peer.waitClosed();

      expect((await readAll(stream)).toString()).toBe('complete');

      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['end', 'close']);
    });

    it('SD-04 fails writers that wait for credit', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const blocked = write(stream, Buffer.alloc(WINDOW + 1));
      await link.peer.readData(1, WINDOW);

      link.peer.end();

      expect(await blocked).toMatchObject(SESSION_CLOSED);
      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_SESSION_CLOSED', 'close']);
    });

    it('SD-04 fails a writer that waits for credit, even beside unread data', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const blocked = write(stream, Buffer.alloc(WINDOW + 1));
      await link.peer.readData(1, WINDOW);
      await link.peer.deliver(D(0, 1, 'unread'));

      link.peer.end();

      expect(await blocked).toMatchObject(SESSION_CLOSED);
    });

    it('SD-05 hands over a stream of which everything came in the last chunk', async () => {
      const { peer, session } = await yamux.server();
      const received: Promise<Buffer>[] = [];
      session.onStream((stream) => received.push(readAll(yamux.watched(stream))));

      peer.socket.end(Buffer.concat([W(SYN, 1, 0), D(FIN, 1, 'all there is')]));

      await session.closed;
      await peer.waitClosed();
      expect((await Promise.all(received)).map(String)).toEqual(['all there is']);
      expect(session.streamCount).toBe(0);
    });

    it('SD-05 keeps nothing of streams that nobody accepted before the end', async () => {
      const { peer, session } = await yamux.server();

      peer.socket.end(Buffer.concat([D(SYN, 1, 'data'), D(SYN | FIN, 3, 'data'), W(SYN, 5, 0)]));

      await session.closed;
      await peer.waitClosed();
      expect(session.streamCount).toBe(0);
      await expect(session.accept()).rejects.toMatchObject(SESSION_CLOSED);
    });

    it('SD-06 closes every stream once when somebody destroys the socket', async () => {
      const link = await yamux.server();
      const streams = [await acceptStream(link, 1), await acceptStream(link, 3)];
      streams[0]!.write(Buffer.alloc(WINDOW + 1));

      link.socket.destroy();

      await link.session.closed;
      await Promise.all(streams.map(closeOf));
      await link.peer.waitClosed();
      for (const stream of streams) expect(eventsOf(stream).at(-1)).toBe('close');
      expect(link.closes).toHaveLength(1);
      expect(link.session.streamCount).toBe(0);
    });
  });

  describe('destroy()', () => {
    it('SD-06 closes streams, session and socket at once, with the error given', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const blocked = write(stream, Buffer.alloc(WINDOW + 1));
      const failure = Object.assign(new Error('enough'), { code: 'ENOUGH' });

      link.session.destroy(failure);
      link.session.destroy(new Error('too late'));

      expect(await link.session.closed).toBe(failure);
      await link.peer.waitClosed();
      expect(eventsOf(stream)).toEqual(['error ENOUGH', 'close']);
      expect(await blocked).toBe(failure);
      expect(link.closes).toEqual([failure]);
    });

    it('SD-06 closes a stream with unread data too', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      await link.peer.deliver(D(0, 1, 'unread'));

      link.session.destroy();

      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_SESSION_CLOSED', 'close']);
    });
  });

  it('SD-07 leaves no timer and no handle behind', async () => {
    stopTheClock();
    const link = await yamux.client({ keepAlive: true });
    const [first, second] = [await openStream(link), await openStream(link)];
    link.peer.write(W(ACK, 1, 0));
    first.end('bye');
    second.write(Buffer.alloc(WINDOW + 1));
    const ping = link.session.ping().catch(() => undefined);
    await link.peer.framesUntil((frame) => frame.type === 2);

    link.session.destroy();
    await ping;
    await link.peer.waitClosed();
    await Promise.all([first, second].map(closeOf));
    await nextTurn();

    expect(vi.getTimerCount()).toBe(0);
    expect(tcpHandles()).toEqual([]);
  });
});

/** The payload of all data frames in `bytes`. */
function payloadOf(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const length = bytes.readUInt8(offset + 1) === 0 ? bytes.readUInt32BE(offset + 8) : 0;
    parts.push(bytes.subarray(offset + 12, offset + 12 + length));
    offset += 12 + length;
  }
  return Buffer.concat(parts);
}
