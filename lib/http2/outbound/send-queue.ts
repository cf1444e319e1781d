import { ByteQueue } from '../../wire/index.js';

/**
 * Messages of fewer bytes are copied together: a `Buffer` object for each would cost far more memory than
 * its bytes.
 */
const SMALL_MESSAGE = 1024;

/** Data of a stream that waits until a window or the socket has room, and what follows the data. */
export class Http2SendQueue {
  /** Follows the data: nothing yet, END_STREAM with the last DATA frame, or trailers. */
  next: 'nothing' | 'end' | readonly string[] = 'nothing';
  /** Whether the writer was told to wait for `onDrain`. */
  wantsDrain = false;
  readonly #queue = new ByteQueue();

  /** Bytes in the queue. */
  get bytes(): number {
    return this.#queue.length;
  }

  /** Adds a message of `length` bytes. The caller must not change the pieces afterwards. */
  put(pieces: readonly Uint8Array[], length: number): void {
    for (const piece of pieces) {
      if (length < SMALL_MESSAGE) this.#queue.copy(piece);
      else this.#queue.keep(piece);
    }
  }

  /** Removes and returns the first `bytes`; the queue must have that many. */
  take(bytes: number): Uint8Array[] {
    return this.#queue.take(bytes);
  }

  /** Drops the data. */
  clear(): void {
    this.#queue.clear();
  }
}
