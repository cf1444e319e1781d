import { describe, expect, it } from 'vitest';
import { ByteQueue } from '../../../lib/wire/index.js';
import { memoryUsed } from '../../fixtures/grpc/memory-used.js';
import { randomOf } from '../../fixtures/grpc/random.js';

const MiB = 2 ** 20;

describe('ByteQueue', () => {
  it.each([1, 2, 3, 4])('gives the bytes back in order, in any pieces (seed %i)', (seed) => {
    const random = randomOf(seed);
    const upTo = (max: number): number => Math.floor(random() * (max + 1));
    const queue = new ByteQueue();
    let [put, taken] = [0, 0];
    for (let round = 0; round < 500; round += 1) {
      if (random() < 0.55) {
        const piece = Buffer.from(Array.from({ length: upTo(60) }, () => put++ % 251));
        if (random() < 0.7) {
          queue.copy(piece);
          piece.fill(0xff);
        } else {
          queue.keep(piece);
        }
      } else if (queue.length > 0 && random() < 0.5) {
        const { buffer, start, end } = queue.front;
        expect(buffer[start]).toBe(taken % 251);
        const bytes = 1 + upTo(end - start - 1);
        taken += bytes;
        queue.advance(bytes);
      } else {
        const bytes = Buffer.concat(queue.take(upTo(queue.length)));
        expect(bytes.findIndex((byte) => byte !== taken++ % 251)).toBe(-1);
      }
      expect(queue.length).toBe(put - taken);
    }
  });

  it('has each piece that was copied in one buffer', () => {
    const queue = new ByteQueue();
    for (let i = 0; i < 1000; i += 1) queue.copy(Buffer.alloc(100, i));
    for (let i = 0; i < 1000; i += 1) {
      const { buffer, start, end } = queue.front;
      expect(end - start).toBeGreaterThanOrEqual(100);
      expect(buffer[start + 99]).toBe(i % 256);
      queue.advance(100);
    }
  });

  it('keeps a piece without a copy', () => {
    const queue = new ByteQueue();
    const piece = Buffer.alloc(10);
    queue.copy(Buffer.alloc(1));
    queue.keep(piece);
    expect(queue.take(11)[1]).toBe(piece);
  });

  it('needs at most a few times the memory of the bytes that were copied one by one', async () => {
    const queue = new ByteQueue();
    const byte = Buffer.from([7]);
    const before = await memoryUsed();
    for (let i = 0; i < MiB; i += 1) queue.copy(byte);
    expect((await memoryUsed()) - before).toBeLessThan(4 * MiB);
    expect(queue.length).toBe(MiB);
  });

  it('copies the pieces that it is told to, also the one that is read', () => {
    const queue = new ByteQueue();
    const [first, second] = [Buffer.from('abc'), Buffer.from('defg')];
    queue.keep(first);
    queue.keep(second);
    expect(queue.front.buffer).toBe(first);
    queue.advance(1);
    queue.compact((piece) => piece.length === 3);
    first.fill(0);
    const taken = queue.take(6);
    expect(Buffer.concat(taken).toString()).toBe('bcdefg');
    expect(taken[1]).toBe(second);
  });

  it('copies runs of a chunk, the longer the more of it is wanted', () => {
    const queue = new ByteQueue();
    const chunk = Buffer.from(Array.from({ length: 64 * 1024 }, (_, i) => i % 251));
    const wanted: Buffer[] = [];
    for (let at = 9; at + 100 <= chunk.length; at += 109) {
      queue.copyRun(chunk, at, at + 100);
      wanted.push(Buffer.from(chunk.subarray(at, at + 100)));
    }
    chunk.fill(0xff);
    const buffers = new Set<Uint8Array>();
    for (const bytes of wanted) {
      const { buffer, start, end } = queue.front;
      expect(buffer.subarray(start, end)).toEqual(bytes);
      buffers.add(buffer);
      queue.advance(100);
    }
    expect(buffers).not.toContain(chunk);
    expect(buffers.size).toBeLessThan(20);
  });

  it('copies a few times the bytes of a run whose parts lie far apart', () => {
    const queue = new ByteQueue();
    const chunk = Buffer.alloc(64 * 1024);
    const buffers = new Set<Uint8Array>();
    const count = 600;
    for (let i = 0; i < count; i += 1) queue.copyRun(chunk, 100 * i, 100 * i + 5);
    for (let i = 0; i < count; i += 1) {
      buffers.add(queue.front.buffer);
      queue.advance(5);
    }
    let copied = 0;
    for (const { length } of buffers) copied += length;
    expect(copied).toBeLessThanOrEqual(5 * count * 5);
  });

  it('is empty when it was cleared', () => {
    const queue = new ByteQueue();
    queue.copy(Buffer.from('abc'));
    queue.keep(Buffer.from('def'));
    queue.clear();
    expect(queue.length).toBe(0);
    queue.copy(Buffer.from('xyz'));
    expect(Buffer.concat(queue.take(3)).toString()).toBe('xyz');
  });
});
