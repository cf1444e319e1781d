import { ByteQueue } from '../flow-control/index.js';

/**
 * Pieces below this are copied together: a `Buffer` object for each of many small messages would cost
 * far more memory than their bytes.
 */
const SMALL_PIECE = 1024;

/** Data of a stream that waits for a window or for the socket. */
export class SendQueue {
  readonly #queue = new ByteQueue();

  /** Bytes that wait. */
  get bytes(): number {
    return this.#queue.length;
  }

  /** Adds `pieces`, which must not be changed any more. */
  put(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      if (piece.length < SMALL_PIECE) this.#queue.copy(piece);
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
