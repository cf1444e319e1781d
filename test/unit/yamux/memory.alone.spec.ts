import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { D, header, RST, SYN, W } from '../../fixtures/raw-peer.js';
import { HeldSocket } from '../../fixtures/yamux-held-socket.js';
import { acceptStream, useYamux } from '../../fixtures/yamux-link.js';
import {
  expectSameBytes,
  memoryInUse,
  pattern,
  readBytes,
  write,
} from '../../fixtures/yamux-streams.js';

const KiB = 1024;
const WINDOW = 256 * KiB;
const MiB = 1024 * KiB;

describe('yamux memory', () => {
  const yamux = useYamux();

  it('RL-04 holds a window full of one-byte frames in about its own size', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);
    const sent = pattern(WINDOW);
    const frames = Array.from(sent, (byte) => D(0, 1, Buffer.of(byte)));
    const bytes = Buffer.concat(frames.splice(0));
    const before = await memoryInUse();

    await link.peer.deliver(bytes);
    while (stream.readableLength < WINDOW) await nextTurn();

    expect(stream.readableLength).toBe(WINDOW);
    expect((await memoryInUse()) - before).toBeLessThan(2 * WINDOW);
    expectSameBytes(await readBytes(stream, WINDOW), sent);
  });

  it('RL-05 keeps no chunk in memory for a byte of it', async () => {
    const socket = new HeldSocket();
    const session = new YamuxSession(socket, 'server');
    socket.push(W(SYN, 1, 0));
    const stream = await session.accept();
    const before = await memoryInUse();

    for (let index = 0; index < 1_000; index++) {
      const chunk = Buffer.allocUnsafeSlow(64 * KiB);
      D(0, 1, Buffer.of(index)).copy(chunk);
      header(0, 0, 99, 64 * KiB - 25).copy(chunk, 13); // Skipped: there is no stream 99.
      socket.push(chunk);
    }

    while (stream.readableLength < 1_000) await nextTurn();
    expect(stream.readableLength).toBe(1_000);
    expect((await memoryInUse()) - before).toBeLessThan(MiB);
    const read = await readBytes(stream, 1_000);
    expect(read.every((byte, index) => byte === index % 256)).toBe(true);
    session.destroy();
  });

  it('RL-05 gives small and large pieces in their order, however they are read', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);
    const sent = pattern(200_000);
    const sizes = [1, 5_000, 3, 4_095, 4_096, 40_000, 17, 16_384, 1, 1, 20_000, 100];
    let at = 0;
    for (let turn = 0; at < sent.length; turn++) {
      const end = Math.min(sent.length, at + sizes[turn % sizes.length]!);
      await link.peer.deliver(D(0, 1, sent.subarray(at, end)));
      at = end;
      if (turn % 7 === 3) stream.unshift(stream.read(Math.min(10, stream.readableLength)));
    }

    expect(stream.readableLength).toBe(sent.length);
    const parts = [1, 7_000, 16_384, 30_000].map((size) => stream.read(size) as Buffer);
    parts.push(stream.read(stream.readableLength) as Buffer);
    expect(parts.map(({ length }) => length)).toEqual([1, 7_000, 16_384, 30_000, 146_615]);
    expectSameBytes(Buffer.concat(parts), sent);
  });

  it('RL-05 gives pieces in their order after a listener threw for one of them', async () => {
    const link = await yamux.server();
    const stream = await acceptStream(link);
    const sent = pattern(50_000);
    const read: Buffer[] = [];
    stream.pause().on('data', (chunk: Buffer) => {
      read.push(chunk);
      if (read.length === 1) throw new Error('no more, please');
    });
    await link.peer.deliver(D(0, 1, sent.subarray(0, 20_000)));
    await link.peer.deliver(D(0, 1, sent.subarray(20_000, 20_100)));

    expect(() => stream.read() as unknown).toThrow('no more, please');
    await link.peer.deliver(D(0, 1, sent.subarray(20_100)));
    stream.resume();
    while (read.reduce((sum, { length }) => sum + length, 0) < sent.length) await nextTurn();

    expectSameBytes(Buffer.concat(read), sent);
  });

  it('RL-06 makes every stream wait, and holds little itself, while the peer reads nothing', async () => {
    const socket = new HeldSocket();
    const session = new YamuxSession(socket, 'server', { connectionWriteTimeoutMs: 0 });
    const ids = Array.from({ length: 20 }, (_, index) => 2 * index + 1);
    socket.push(Buffer.concat(ids.map((id) => W(SYN, id, 16 * MiB))));
    const streams = await Promise.all(ids.map(() => session.accept()));

    for (const stream of streams) while (stream.write(Buffer.alloc(64 * KiB)));
    await nextTurn();

    expect(socket.writableLength).toBeLessThan(512 * KiB);
    const last = streams.map((stream) => write(stream, 'last'));
    for (const stream of streams) expect(stream.writableLength).toBeLessThanOrEqual(WINDOW + 4);
    while (streams.some(({ writableLength }) => writableLength > 0)) {
      socket.takeWrite();
      await nextTurn();
    }
    expect(await Promise.all(last)).toEqual(ids.map(() => undefined));
    session.destroy();
  });

  it('RL-06 stops reading from a peer that wants answers and reads none (CVE-2024-32984)', async () => {
    const socket = new HeldSocket();
    const session = new YamuxSession(socket, 'server', {
      connectionWriteTimeoutMs: 0,
      acceptBacklog: 1,
      maxUselessFrames: 1_000_000,
    });
    const syns = Array.from({ length: 100_000 }, (_, index) => W(SYN, 2 * index + 1, 0));
    const bytes = Buffer.concat(syns.splice(0));

    for (let start = 0; start < bytes.length; start += 64 * KiB) {
      socket.push(bytes.subarray(start, start + 64 * KiB));
      await nextTurn();
    }

    expect(socket.readableLength).toBeGreaterThan(bytes.length / 2);
    const isLast = (chunk: Buffer) => chunk.includes(W(RST, 199_999, 0));
    while (!socket.taken.some(isLast)) if (!socket.takeWrite()) await nextTurn();
    expect(Buffer.concat(socket.taken).length).toBe(12 * (100_000 - 1));
    session.destroy();
  });
});
