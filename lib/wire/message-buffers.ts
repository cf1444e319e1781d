import { inRootContext } from '../context/index.js';

/** Smallest message, in bytes, for which a buffer of the pool is worthwhile. */
const LEAST = 16 * 1024;
/** Largest message, in bytes, for which the pool has buffers: the largest that gRPC receives by default. */
const MOST = 4 * 1024 * 1024;
/** Most bytes that are kept for reuse. */
const MAX_SPARE = 16 * 1024 * 1024;
/** Number of buffer sizes from one power of two to the next: at most an eighth of a buffer is unused. */
const SIZES_PER_DOUBLING = 8;
/** Milliseconds after which an unused buffer is dropped. */
const IDLE_MS = 10_000;

/** Spare buffers of one size. */
interface Shelf {
  readonly buffers: Buffer[];
  /** Smallest number of spare buffers since the last sweep: so many were not needed. */
  fewest: number;
}

/** A pool of buffers for messages that are sent. Lent buffers are not counted; the garbage collector may get them. */
export class MessageBufferPool {
  readonly #shelves = new Map<number, Shelf>();
  readonly #idleMs: number;
  #spareBytes = 0;
  #sweeper: NodeJS.Timeout | undefined;

  /** @param idleMs - milliseconds after which an unused buffer is dropped. */
  constructor(idleMs = IDLE_MS) {
    this.#idleMs = idleMs;
  }

  /** Bytes kept for reuse. */
  get spareBytes(): number {
    return this.#spareBytes;
  }

  /** Whether the pool has buffers for messages of `length` bytes. */
  serves(length: number): boolean {
    return length >= LEAST && length <= MOST;
  }

  /** Removes a buffer for `length` bytes from the pool, or creates one; with any content. */
  take(length: number): Buffer {
    const size = sizeFor(length);
    const shelf = this.#shelves.get(size);
    const spare = shelf?.buffers.pop();
    if (spare === undefined) return Buffer.allocUnsafeSlow(size);
    this.#spareBytes -= size;
    shelf!.fewest = Math.min(shelf!.fewest, shelf!.buffers.length);
    return spare;
  }

  /** Takes back a buffer of `take`. Nothing else may use it any more. */
  put(buffer: Buffer): void {
    const size = buffer.length;
    if (this.#spareBytes + size > MAX_SPARE) return;
    let shelf = this.#shelves.get(size);
    if (shelf === undefined) this.#shelves.set(size, (shelf = { buffers: [], fewest: 0 }));
    shelf.buffers.push(buffer);
    this.#spareBytes += size;
    if (this.#sweeper === undefined) this.#sweepLater();
  }

  #sweepLater(): void {
    this.#sweeper = inRootContext(() => setTimeout(() => this.#sweep(), this.#idleMs).unref());
  }

  /** Drops the buffers that were not used since the last sweep. */
  #sweep(): void {
    for (const [size, shelf] of this.#shelves) {
      shelf.buffers.length -= shelf.fewest;
      this.#spareBytes -= shelf.fewest * size;
      shelf.fewest = shelf.buffers.length;
      if (shelf.fewest === 0) this.#shelves.delete(size);
    }
    this.#sweeper = undefined;
    if (this.#spareBytes > 0) this.#sweepLater();
  }
}

/** The pool of all connections of the process. */
export const messageBuffers = new MessageBufferPool();

/** Rounds up to the next of the sizes that the pool has. */
function sizeFor(length: number): number {
  const step = 2 ** Math.floor(Math.log2(length)) / SIZES_PER_DOUBLING;
  return Math.ceil(length / step) * step;
}
