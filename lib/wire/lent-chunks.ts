import type { Duplex } from 'node:stream';

/**
 * Size in bytes from which the memory behind a chunk of input may be freed as soon as the chunk was read.
 * Freeing smaller chunks would cost more than it saves.
 */
export const LENT_SIZE = 8 * 1024;

/**
 * Whether the bytes of `chunk` are lent to their reader until it returns: it must not keep a view of them.
 * Smaller chunks may be kept.
 */
export function isLent(chunk: Uint8Array): boolean {
  return chunk.buffer.byteLength >= LENT_SIZE;
}

/** Returns a copy of the bytes of `chunk` from `start` to `end`. */
export function copyOf(chunk: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  chunk.copy(copy, 0, start, end);
  return copy;
}

/** A stream that can lend its chunks, instead of giving them away. */
export interface LendingStream extends Duplex {
  /** From now on, chunks are lent to the listener of `'data'` until it returns. */
  borrowChunks(): void;
  /** To be called by the listener if a view of its chunk escapes. */
  keepChunk(): void;
}

/** Borrows the chunks of `stream` if it can lend them; returns the lender, or undefined if it cannot. */
export function borrowChunks(stream: Duplex): LendingStream | undefined {
  const lender = stream as Partial<LendingStream>;
  if (typeof lender.borrowChunks !== 'function') return undefined;
  lender.borrowChunks();
  return lender as LendingStream;
}
