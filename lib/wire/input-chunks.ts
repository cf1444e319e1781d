import type { Duplex } from 'node:stream';
import { freeMemory } from './free-memory.js';
import { borrowChunks, isLent, type LendingStream } from './lent-chunks.js';
import { isOwnSocket } from './socket-owner.js';

/**
 * Knows to whom the chunks of one socket belong, and frees the memory of a chunk after it was read. A chunk is
 * freed only if
 *
 * - this package accepted or dialed the socket itself (`ownSocket`), and nobody else has ever read from it since
 *   this reader took over,
 * - it arrived after this reader took over: earlier readers may have kept what they put back,
 * - it is all of its `ArrayBuffer`,
 * - and no view of it escaped (`keep()`).
 *
 * So nothing that is freed can be part of a pending write: a view that is written has escaped.
 */
export class InputChunks {
  /** Whether this package alone uses the socket. */
  #isOwn: boolean;
  /** The socket, if it lends its chunks. */
  readonly #lender: LendingStream | undefined;
  /** Bytes in the socket that earlier readers may have seen. */
  #inherited: number;
  /** Whether a view of the chunk that is being read escaped. */
  #hasEscaped = false;

  /** @param socket - the reader, not this object, listens to its `'data'`, and does so already. */
  constructor(socket: Duplex) {
    this.#isOwn = isOwnSocket(socket) && isOnlyListener(socket);
    this.#lender = borrowChunks(socket);
    this.#inherited = socket.readableLength;
    if (!this.#isOwn) return;
    // A listener that leaves may still have the chunks that it saw.
    socket.on('newListener', (event: string | symbol) => {
      if (event === 'data' || event === 'readable') this.#isOwn = false;
    });
  }

  /** A view of the chunk that is being read escapes: its memory must not be freed. */
  keep(): void {
    this.#hasEscaped = true;
    this.#lender?.keepChunk();
  }

  /** Returns `chunk` to be read later: a copy if it is only lent. */
  hold(chunk: Buffer): Buffer {
    return this.#lender !== undefined && isLent(chunk) ? Buffer.from(chunk) : chunk;
  }

  /** `chunk` was read. Must be called once for each chunk, in the order of their arrival. */
  release(chunk: Buffer): void {
    const hasEscaped = this.#hasEscaped;
    this.#hasEscaped = false;
    if (this.#inherited > 0) this.#inherited -= chunk.length;
    else if (!hasEscaped && this.#isOwn && isFreeable(chunk)) freeMemory(chunk);
  }
}

/** Whether `chunk` is worth freeing, and all of its `ArrayBuffer`. */
function isFreeable(chunk: Buffer): boolean {
  return chunk.length === chunk.buffer.byteLength && isLent(chunk);
}

function isOnlyListener(socket: Duplex): boolean {
  return socket.listenerCount('data') === 1 && socket.listenerCount('readable') === 0;
}
