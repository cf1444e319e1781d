import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { PumpDone } from '../protocol.js';

/** After so many bytes the data of a stream repeats itself: byte i is `(i * 31 + 7) & 0xff`. */
const PERIOD = 256;

/** Said in place of a count by a receiver that got a wrong byte. */
const WRONG = 2n ** 64n - 1n;

function byteAt(offset: number): number {
  return (offset * 31 + 7) & 0xff;
}

/** Writes to all `streams` for `ms` milliseconds, and waits until the other end confirms all of it. */
export async function pump(streams: Duplex[], size: number, ms: number): Promise<PumpDone> {
  const data = Buffer.from(Array.from({ length: size + PERIOD }, (_, i) => byteAt(i)));
  const start = performance.now();
  const sent = await Promise.all(
    streams.map(async (stream) => {
      const confirmation = readCount(stream);
      const bytes = await write(stream, data, size, start + ms);
      if ((await confirmation) !== BigInt(bytes)) throw new Error('not all bytes arrived as sent');
      return bytes;
    }),
  );
  return { bytes: sent.reduce((a, b) => a + b, 0), ms: performance.now() - start };
}

/**
 * Writes until `end`, and once at least: a process that is slow must not confirm nothing.
 *
 * @returns how many bytes it wrote.
 */
function write(stream: Duplex, data: Buffer, size: number, end: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let offset = 0;
    const fill = (): void => {
      do {
        const start = offset % PERIOD;
        offset += size;
        if (!stream.write(data.subarray(start, start + size))) {
          stream.once('drain', fill);
          return;
        }
      } while (performance.now() < end);
      stream.end();
      resolve(offset);
    };
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the stream was closed')));
    fill();
  });
}

async function readCount(stream: Duplex): Promise<bigint> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks).readBigUInt64BE();
}

/** Counts what comes, looks at its ends, and says at the end how much it was. */
export function receive(stream: Duplex): void {
  let received = 0;
  let wrong = false;
  stream.on('data', (chunk: Buffer) => {
    wrong ||= chunk[0] !== byteAt(received);
    received += chunk.length;
    wrong ||= chunk[chunk.length - 1] !== byteAt(received - 1);
  });
  stream.on('end', () => {
    const count = Buffer.alloc(8);
    count.writeBigUInt64BE(wrong ? WRONG : BigInt(received));
    stream.end(count);
  });
  stream.on('error', () => {}); // The other end notices.
}
