import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { ACK, D, FIN, P, RST, SYN, W } from '../../fixtures/raw-peer.js';
import { HeldSocket } from '../../fixtures/yamux-held-socket.js';
import { NarrowSocket } from '../../fixtures/yamux-narrow-pair.js';
import { acceptStream, openStream, stopTheClock, useYamux } from '../../fixtures/yamux-link.js';
import {
  closeOf,
  eventsOf,
  expectSameBytes,
  pattern,
  readAll,
  readBytes,
  watch,
} from '../../fixtures/yamux-streams.js';

const MiB = 1024 * 1024;

describe('yamux limits', () => {
  const yamux = useYamux();

  it('RL-01 resets the streams that the accept backlog has no room for', async () => {
    const { peer, session, accept } = await yamux.server({ acceptBacklog: 2 });

    peer.write(W(SYN, 1, 0), W(SYN, 3, 0), W(SYN, 5, 0), W(SYN, 7, 0));

    await peer.expectFrames('000100080000000500000000', '000100080000000700000000');
    await peer.expectAlive();
    expect(session.streamCount).toBe(2);
    expect([(await accept()).id, (await accept()).id]).toEqual([1, 3]);
  });

  it('RL-01 skips the payload of a stream that it has no room for', async () => {
    const { peer, accept } = await yamux.server({ acceptBacklog: 1 });

    peer.write(D(SYN, 1, 'first'), D(SYN, 3, 'second'), D(0, 3, 'more'), D(0, 1, '!'));

    await peer.expectFrames('000100080000000300000000');
    const stream = await accept();
    await peer.expectFrames(W(ACK, 1, 0));
    expect((await readBytes(stream, 6)).toString()).toBe('first!');
    await peer.expectAlive();
  });

  it('RL-01 counts only streams that wait: accepting makes room', async () => {
    const { peer, accept } = await yamux.server({ acceptBacklog: 1 });

    for (const id of [1, 3, 5]) {
      peer.write(W(SYN, id, 0));
      await accept();
      await peer.expectFrames(W(ACK, id, 0));
    }

    await peer.expectAlive();
  });

  it('RL-02 resets streams of the peer beyond maxInboundStreams, and has room when one ends (CVE-2022-23492)', async () => {
    const { peer, session } = await yamux.server({ maxInboundStreams: 2 });
    session.onStream((stream) => void yamux.watched(stream).resume());

    peer.write(W(SYN, 1, 0), W(SYN, 3, 0), D(SYN, 5, 'no'));
    await peer.expectFramesInAnyOrder(W(ACK, 1, 0), W(ACK, 3, 0), W(RST, 5, 0));
    peer.write(W(RST, 1, 0), W(SYN, 7, 0), W(SYN, 9, 0));

    await peer.expectFramesInAnyOrder(W(ACK, 7, 0), W(RST, 9, 0));
    await peer.expectAlive();
    expect(session.streamCount).toBe(2);
  });

  it('RL-02 counts streams that ended, but of one side only', async () => {
    const { peer, session } = await yamux.server({ maxInboundStreams: 1 });
    session.onStream((stream) => void yamux.watched(stream).resume());

    peer.write(D(SYN | FIN, 1, 'all'), W(SYN, 3, 0));

    await peer.expectFramesInAnyOrder(W(ACK, 1, 0), W(RST, 3, 0));
    await peer.expectAlive();
  });

  it('RL-02 counts no streams that this side has opened', async () => {
    const link = await yamux.server({ maxInboundStreams: 1 });
    for (let count = 0; count < 5; count++) await openStream(link);

    await acceptStream(link);
    link.peer.write(W(SYN, 3, 0));

    await link.peer.expectFrames(W(RST, 3, 0));
  });

  it('RL-07 ends the session when the network takes nothing for the write timeout', async () => {
    stopTheClock();
    const socket = new HeldSocket();
    const session = new YamuxSession(socket, 'client', { connectionWriteTimeoutMs: 1_000 });
    const stream = watch(await session.open());
    stream.write(Buffer.alloc(200_000));
    await nextTurn();

    vi.advanceTimersByTime(2_000);

    const error = await session.closed;
    expect(error).toMatchObject({ name: 'YamuxError', code: 'ERR_YAMUX_WRITE_TIMEOUT' });
    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_WRITE_TIMEOUT', 'close']);
    expect(socket.destroyed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('RL-07 bears with a network that is slow but takes something', async () => {
    stopTheClock();
    const socket = new HeldSocket();
    const session = new YamuxSession(socket, 'client', { connectionWriteTimeoutMs: 1_000 });
    const sent = Buffer.alloc(200_000);
    (await session.open()).write(sent);

    do {
      await nextTurn();
      vi.advanceTimersByTime(400);
    } while (socket.takeWrite());

    expect(Buffer.concat(socket.taken).length).toBeGreaterThan(sent.length);
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(10_000);
    expect(socket.destroyed).toBe(false);
    session.destroy();
  });

  it('RL-08 carries bulk data both ways at once over a connection that holds almost nothing', async () => {
    const [near, far] = NarrowSocket.pair();
    const sessions = [new YamuxSession(near, 'client'), new YamuxSession(far, 'server')] as const;
    const sent = [pattern(2 * MiB, 1), pattern(2 * MiB, 2)] as const;
    const accepted = sessions[1].accept();
    const streams = [await sessions[0].open(), await accepted] as const;

    const received = streams.map(readAll);
    streams.forEach((stream, index) => stream.end(sent[index]));

    const [fromServer, fromClient] = await Promise.all(received);
    expectSameBytes(fromServer!, sent[1]);
    expectSameBytes(fromClient!, sent[0]);
    for (const session of sessions) session.destroy();
  });

  it('RL-11 sends 1 KiB of one stream while 16 MiB of another are on their way', async () => {
    const socket = new HeldSocket();
    const session = new YamuxSession(socket, 'server');
    socket.push(Buffer.concat([W(SYN, 1, 15.75 * MiB), W(SYN, 3, 0)]));
    const [large, small] = [await session.accept(), await session.accept()];
    large.write(Buffer.alloc(16 * MiB));
    for (let count = 0; count < 10; count++) {
      await nextTurn();
      socket.takeWrite();
    }

    small.end(pattern(1024));
    const before = Buffer.concat(socket.taken).length;
    while (!socket.taken.at(-1)?.includes(W(FIN, 3, 0))) if (!socket.takeWrite()) await nextTurn();

    expect(Buffer.concat(socket.taken).length - before).toBeLessThan(MiB);
    expect(large.writableLength).toBeGreaterThan(8 * MiB);
    session.destroy();
  });

  it('RL-11 gives all streams the same share of a connection', async () => {
    const socket = new HeldSocket();
    const session = new YamuxSession(socket, 'server', { maxFrameSize: 16_384 });
    const ids = [1, 3, 5, 7];
    socket.push(Buffer.concat(ids.map((id) => W(SYN, id, 15.75 * MiB))));
    for (const id of ids) (await session.accept()).write(Buffer.alloc(id * 128 * 1024));

    do await nextTurn();
    while (socket.takeWrite() || socket.writableLength > 0);

    const order = dataFramesOf(Buffer.concat(socket.taken));
    const first = order.slice(0, 4 * 8);
    for (const id of ids) expect(first.filter((other) => other === id)).toHaveLength(8);
    session.destroy();
  });

  it('RL-12 waits for the rest of a header without a timer, and keeps eleven bytes', async () => {
    stopTheClock();
    const { peer, session, closes } = await yamux.server();
    await peer.deliver(P(SYN, 0, 1).subarray(0, 11));

    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(86_400_000);
    expect(closes).toEqual([]);
    peer.write(P(SYN, 0, 1).subarray(11));

    await peer.expectFrames(P(ACK, 0, 1));
    expect(session.streamCount).toBe(0);
  });

  it('RL-12 ends the session of a peer that never completes a header, with keepAlive', async () => {
    stopTheClock();
    const { peer, session } = await yamux.server({ keepAlive: true });
    await peer.deliver(P(SYN, 0, 1).subarray(0, 11));

    vi.advanceTimersByTime(60_000);
    await peer.nextFrame();
    vi.advanceTimersByTime(10_000);

    expect(await session.closed).toMatchObject({ code: 'ERR_YAMUX_KEEPALIVE_TIMEOUT' });
  });
});

/** The streams of the data frames in what a session wrote, in their order. */
function dataFramesOf(bytes: Buffer): number[] {
  const ids: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const isData = bytes[at + 1] === 0;
    if (isData) ids.push(bytes.readUInt32BE(at + 4));
    at += 12 + (isData ? bytes.readUInt32BE(at + 8) : 0);
  }
  return ids;
}
