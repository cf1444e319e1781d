import { ByteQueue, isLent } from '../../wire/index.js';
import { isPartOfLargeBuffer } from './large-buffer.js';

/** Pieces below this size, in bytes, are merged. */
const SMALL_PIECE = 4096;

/** A piece of the unread bytes: those of `buffer` from `start` to `end`. */
interface UnreadPiece {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * Received bytes behind the current message of a `MessageReceiveQueue`. Bytes of lent chunks are copied. Bytes
 * that stay unread after their turn of the event loop retain no large buffer, and small pieces are merged.
 */
export class UnreadBytes {
  readonly #queue = new ByteQueue();
  /** Whether the pieces are merged at the end of the turn. */
  #compactsSoon = false;

  /** Bytes in the queue. */
  get length(): number {
    return this.#queue.length;
  }

  /** The piece at the front. The queue must not be empty. */
  get front(): UnreadPiece {
    return this.#queue.front as UnreadPiece;
  }

  /** Removes `bytes` bytes of the `front` piece, which must have them. Read `front` first. */
  advance(bytes: number): void {
    this.#queue.advance(bytes);
  }

  /** Adds bytes that may stay unread for some time. */
  keep(chunk: Buffer, start: number, end: number): void {
    const isCopied = isLent(chunk) || isWasteful(chunk, end - start);
    if (isCopied) this.#queue.copy(chunk, start, end);
    else this.#queue.keep(chunk, start, end);
  }

  /** Adds bytes that are probably read in this turn: small pieces of a chunk are copied together. */
  keepForTurn(chunk: Buffer, start: number, end: number): void {
    if (end - start < SMALL_PIECE) this.#queue.copyRun(chunk, start, end);
    else if (isLent(chunk)) this.#queue.copy(chunk, start, end);
    else this.#queue.keep(chunk, start, end);
    if (this.#compactsSoon) return;
    this.#compactsSoon = true;
    setImmediate(() => {
      this.#compactsSoon = false;
      if (this.#queue.length > 0) this.#queue.compact(isWasteful);
    });
  }

  /** Drops all bytes. */
  clear(): void {
    this.#queue.clear();
  }
}

/** Whether `length` bytes of `buffer` should be copied if they stay unread for some time. */
function isWasteful(buffer: Uint8Array, length: number): boolean {
  return length < SMALL_PIECE || isPartOfLargeBuffer(buffer, length);
}
