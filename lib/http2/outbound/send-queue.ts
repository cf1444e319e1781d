import { ByteQueue } from '../../wire/index.js';

/**
 * Messages below this are copied together: `Buffer` objects for each of many small ones would cost far
 * more memory than their bytes.
 */
const SMALL_MESSAGE = 1024;

/** Data of a stream that waits for a window or for the socket. */
export class Http2SendQueue {
  readonly #queue = new ByteQueue();

  /** Bytes that wait. */
  get bytes(): number {
    return this.#queue.length;
  }

  /** Adds a message of `length` bytes in pieces, which must not be changed any more. */
  put(pieces: readonly Uint8Array[], length: number): void {
    for (const piece of pieces) {
      if (length < SMALL_MESSAGE) this.#queue.copy(piece);
      else this.#queue.keep(piece);
    }
  }

  /** Takes the first `bytes`, which must be there. */
  take(bytes: number): Uint8Array[] {
    return this.#queue.take(bytes);
  }

  clear(): void {
    this.#queue.clear();
  }
}
