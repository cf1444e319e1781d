import { performance } from 'node:perf_hooks';
import { Decompression, type DecompressionSink } from './compression.js';

/** Messages of one connection that are decompressed at once: as many as zlib has threads. */
const MAX_RUNNING = 4;

/** Bytes of memory per byte of a compressed message that cost nothing. Text is below 20, and objects made of it below 60. */
const FREE_RATIO = 64;
/** Bytes of each message that cost nothing. */
const FREE_BYTES = 16 * 1024;
/** Bytes beyond that ratio which are made without delay. */
const BURST = 64 * 1024 * 1024;
/** How many more may be made per second. A byte takes up to 8 ns of CPU time: an eighth of a core. */
const BYTES_PER_SECOND = 16 * 1024 * 1024;

/** A compressed message whose turn is awaited. */
export interface CompressedMessage extends DecompressionSink {
  readonly message: Buffer;
  readonly encoding: string;
  /** Bytes that it may have decompressed; negative for any number. */
  readonly limit: number;
}

/**
 * Decompresses the messages of one connection: in order, a few at a time. A message that becomes very
 * much larger uses up a budget; without it, the compressed messages of the connection wait.
 */
export class Decompressor {
  readonly #waiting = new Set<CompressedMessage>();
  readonly #running = new Map<CompressedMessage, Decompression>();
  #budget = BURST;
  #refilledAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** Tells `message`, as a sink, what becomes of it; never before this returns. */
  add(message: CompressedMessage): void {
    this.#waiting.add(message);
    this.#startNext();
  }

  /** Nobody waits for `message` any more. */
  remove(message: CompressedMessage): void {
    this.#waiting.delete(message);
    this.#running.get(message)?.cancel();
    this.#running.delete(message);
    // Not at once: with a connection all its calls end, one after the other.
    process.nextTick(() => this.#startNext());
  }

  /**
   * Counts a message against the budget.
   *
   * @param compressedLength - bytes that came.
   * @param size - bytes of memory that they became, decompressed or decoded.
   */
  charge(compressedLength: number, size: number): void {
    this.#budget -= Math.max(0, size - FREE_BYTES - FREE_RATIO * compressedLength);
  }

  #startNext(): void {
    while (this.#waiting.size > 0 && this.#running.size < MAX_RUNNING) {
      const delayMs = this.#delayMs();
      if (delayMs > 0) return this.#startLater(delayMs);
      const [next] = this.#waiting;
      this.#waiting.delete(next!);
      this.#start(next!);
    }
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #startLater(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#startNext();
    }, delayMs).unref();
  }

  #start(message: CompressedMessage): void {
    const decompression = new Decompression(message.message, message.encoding, message.limit, {
      takeRoom: (bytes) => message.takeRoom(bytes),
      onDecompressed: (output) => {
        this.#finish(message);
        message.onDecompressed(output);
      },
      onUnreadable: (code, details) => {
        this.charge(message.message.length, decompression.length);
        this.#finish(message);
        message.onUnreadable(code, details);
      },
    });
    this.#running.set(message, decompression);
  }

  #finish(message: CompressedMessage): void {
    this.#running.delete(message);
    this.#startNext();
  }

  /** Milliseconds until the budget is no debt. */
  #delayMs(): number {
    if (this.#budget > 0) return 0;
    const now = performance.now();
    const refill = ((now - this.#refilledAt) / 1000) * BYTES_PER_SECOND;
    this.#refilledAt = now;
    this.#budget = Math.min(BURST, this.#budget + refill);
    return this.#budget > 0 ? 0 : Math.ceil((1000 * -this.#budget) / BYTES_PER_SECOND) + 1;
  }
}
