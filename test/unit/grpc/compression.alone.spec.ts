import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { compress, Decompression, encodingOf } from '../../../lib/grpc/built-in/compression.js';
import { NO_ROOM } from '../../../lib/grpc/built-in/message-limits.js';

const MiB = 2 ** 20;

/** @param room - bytes that there may be of it in memory. */
function decompress(
  message: Buffer,
  encoding: string,
  limit: number,
  room = Infinity,
): Promise<Buffer> {
  let left = room;
  return new Promise((resolve, reject) => {
    void new Decompression(message, encoding, limit, {
      takeRoom: (bytes) => (left -= bytes) >= 0,
      onDecompressed: resolve,
      // What a caller rejects with is looked at here.
      onUnreadable: (code, details) => reject(Object.assign(new Error(details), { code, details })),
    });
  });
}

describe.each(['gzip', 'deflate'] as const)('%s', (encoding) => {
  const packed = (bytes: Buffer): Buffer => (encoding === 'gzip' ? gzipSync : deflateSync)(bytes);

  it.each([0, 1, 5, 70_000])('gives back %i bytes', async (length) => {
    const message = Buffer.alloc(length, 'abc');
    expect(await decompress(await compress(message, encoding), encoding, -1)).toEqual(message);
  });

  it('lets a message be as long as the limit', async () => {
    expect(await decompress(packed(Buffer.alloc(1000)), encoding, 1000)).toHaveLength(1000);
  });

  it('refuses a message that is one byte longer', async () => {
    await expect(decompress(packed(Buffer.alloc(1001)), encoding, 1000)).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: 'Received message that decompresses to a size larger than 1000',
    });
  });

  it('lets the empty message through a limit of 0', async () => {
    expect(await decompress(packed(Buffer.alloc(0)), encoding, 0)).toHaveLength(0);
  });

  it('stops at a bomb long before its end', async () => {
    const bomb = packed(Buffer.alloc(256 * MiB));
    const before = process.memoryUsage();
    await expect(decompress(bomb, encoding, MiB)).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(32 * MiB);
  });

  it('stops where there is no more room', async () => {
    const bomb = packed(Buffer.alloc(MiB));
    await expect(decompress(bomb, encoding, -1, MiB)).resolves.toHaveLength(MiB);
    await expect(decompress(bomb, encoding, -1, MiB - 1)).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: NO_ROOM,
    });
  });

  it.each([
    ['rubbish', Buffer.from('rubbish')],
    ['nothing at all', Buffer.alloc(0)],
    ['half of a message', packed(Buffer.from('a message')).subarray(0, 10)],
  ])('does not take %s for a message', async (_what, bytes) => {
    await expect(decompress(bytes, encoding, MiB)).rejects.toMatchObject({
      code: status.INTERNAL,
      details: `Failed to decompress ${encoding}-encoded message`,
    });
  });
});

describe('decompress', () => {
  it.each(['br', 'snappy', 'GZIP', '', 'constructor'])(
    'does not know the encoding "%s"',
    async (encoding) => {
      const bytes = brotliCompressSync('a message');
      await expect(decompress(bytes, encoding, MiB)).rejects.toMatchObject({
        code: status.UNIMPLEMENTED,
        details: `Received message compressed with unsupported encoding "${encoding}"`,
      });
    },
  );

  it('takes no compressed message where there is to be none', async () => {
    await expect(decompress(Buffer.alloc(1), 'identity', MiB)).rejects.toMatchObject({
      code: status.INTERNAL,
    });
  });
});

describe('encodingOf', () => {
  it.each([
    [0, 'identity'],
    [1, 'deflate'],
    [2, 'gzip'],
    [3, 'identity'],
    [-1, 'identity'],
    [undefined, 'identity'],
    ['gzip', 'identity'],
  ])('%j is %s', (algorithm, encoding) => {
    expect(encodingOf(algorithm)).toBe(encoding);
  });
});
