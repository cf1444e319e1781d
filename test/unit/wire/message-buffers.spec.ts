import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MessageBufferPool } from '../../../lib/wire/message-buffers.js';

const KiB = 1024;
const MiB = 1024 * KiB;

let pool: MessageBufferPool;

beforeEach(() => {
  vi.useFakeTimers();
  pool = new MessageBufferPool(1000);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('MessageBufferPool', () => {
  it.each([16 * KiB, 64 * KiB + 10, MiB + 7, 3 * MiB + 7, 4 * MiB])(
    'gives a buffer of at most one eighth more than %i bytes, and the same one again',
    (length) => {
      const buffer = pool.take(length);
      expect(buffer.length).toBeGreaterThanOrEqual(length);
      expect(buffer.length).toBeLessThanOrEqual(1.125 * length);

      pool.put(buffer);

      expect(pool.take(length - 1) === buffer).toBe(true);
      expect(pool.take(length) === buffer).toBe(false);
    },
  );

  it.each([
    [16 * KiB - 1, false],
    [16 * KiB, true],
    [4 * MiB, true],
    [4 * MiB + 1, false],
  ])('says that it serves %i bytes: %s', (length, serves) => {
    expect(pool.serves(length)).toBe(serves);
  });

  it('keeps no more than 16 MiB', () => {
    const buffers = Array.from({ length: 100 }, (_, index) =>
      pool.take(16 * KiB + index * 40 * KiB),
    );
    for (const buffer of buffers) pool.put(buffer);

    expect(pool.spareBytes).toBeLessThanOrEqual(16 * MiB);
    expect(pool.spareBytes).toBeGreaterThan(15 * MiB);
  });

  it('drops the buffers that were not used for a while, and keeps the others', () => {
    const buffers = [MiB, MiB, MiB].map((length) => pool.take(length));
    for (const buffer of buffers) pool.put(buffer);
    vi.advanceTimersByTime(1000);
    expect(pool.spareBytes).toBe(3 * MiB);

    pool.put(pool.take(MiB));
    vi.advanceTimersByTime(1000);
    expect(pool.spareBytes).toBe(MiB);

    vi.advanceTimersByTime(1000);
    expect(pool.spareBytes).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
