import { performance } from 'node:perf_hooks';
import { Decompression, type DecompressionSink } from './compression.js';

/**
 * Maximum number of messages of one `ConnectionMemory` that are decompressed at a time, in the thread pool.
 */
const MAX_RUNNING = 2;

/**
 * Free expansion: bytes of memory per compressed byte. Text stays below 20, objects decoded from it below
 * 60.
 */
const FREE_RATIO = 64;
/** Free bytes of each message. */
const FREE_BYTES = 16 * 1024;
/** Size of the token bucket for bytes beyond the free ones. */
const BURST = 8 * 1024 * 1024;
/** Bytes of the bucket that are reserved for each message while it is decompressed. */
const OF_EACH = BURST / MAX_RUNNING;
/** Refill rate of the bucket. A byte takes up to 8 ns of CPU time: 3 % of a core. */
const BYTES_PER_SECOND = 4 * 1024 * 1024;

/** A compressed message that waits to be decompressed. */
export interface CompressedMessage extends DecompressionSink {
  readonly message: Buffer;
  readonly encoding: string;
  /** Maximum decompressed size in bytes; negative for no limit. */
  readonly limit: number;
  /** Called when tokens for a message are available that `allows` had refused. The tokens are taken by then. */
  onAllowed(): void;
}

/**
 * Decompresses the messages of one `ConnectionMemory`: in order, a few at a time. A message that expands by a
 * large factor takes tokens from a bucket. While the bucket is empty, compressed messages wait.
 */
export class Decompressor {
  readonly #waiting = new Set<CompressedMessage>();
  readonly #running = new Map<CompressedMessage, Decompression>();
  /** Decompressed messages that wait for tokens, with their cost. */
  readonly #grown = new Map<CompressedMessage, number>();
  #budget = BURST;
  #refilledAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** Decompresses `message`, and calls its events asynchronously. */
  add(message: CompressedMessage): void {
    this.#waiting.add(message);
    this.#goOn();
  }

  /** Drops `message`, which is no longer needed. */
  remove(message: CompressedMessage): void {
    this.#waiting.delete(message);
    this.#grown.delete(message);
    this.#running.get(message)?.cancel();
    this.#running.delete(message);
    // Deferred: when a connection ends, its calls end one after the other. No message of the later calls
    // may start meanwhile.
    process.nextTick(() => this.#goOn());
  }

  /**
   * Whether a decompressed message may grow to `size` now. If so, its cost is charged now; if not, it is
   * charged when there are tokens, and `onAllowed` is called. A message that has taken tokens before is not
   * delayed again.
   *
   * @param compressedLength - compressed size in bytes.
   * @param counted - bytes of memory charged before; 0 at first.
   * @param size - bytes of memory that the message is to take.
   */
  allows(
    message: CompressedMessage,
    compressedLength: number,
    counted: number,
    size: number,
  ): boolean {
    const before = costOf(compressedLength, counted);
    const cost = costOf(compressedLength, size) - before;
    const delayMs = cost === 0 || before > 0 ? 0 : this.#delayMs(0);
    if (delayMs > 0) {
      this.#grown.set(message, cost);
      this.#goOnLater(delayMs);
      return false;
    }
    this.#budget -= cost;
    return true;
  }

  /**
   * Charges the growth of a message, without delay.
   *
   * @param compressedLength - compressed size in bytes.
   * @param counted - bytes of memory charged before.
   * @param size - bytes of memory that the message takes.
   */
  charge(compressedLength: number, counted: number, size: number): void {
    this.#budget -= costOf(compressedLength, size) - costOf(compressedLength, counted);
  }

  /** Starts the messages that may start, and sets a timer for the others. */
  #goOn(): void {
    for (const [message, cost] of this.#grown) {
      const delayMs = this.#delayMs(0);
      if (delayMs > 0) return this.#goOnLater(delayMs);
      this.#grown.delete(message);
      this.#budget -= cost;
      message.onAllowed();
    }
    while (this.#waiting.size > 0 && this.#running.size < MAX_RUNNING) {
      const delayMs = this.#delayMs(this.#running.size * OF_EACH);
      if (delayMs > 0) return this.#goOnLater(delayMs);
      const [next] = this.#waiting;
      this.#waiting.delete(next!);
      this.#start(next!);
    }
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #goOnLater(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#goOn();
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
        this.charge(message.message.length, 0, decompression.length);
        this.#finish(message);
        message.onUnreadable(code, details);
      },
    });
    this.#running.set(message, decompression);
  }

  #finish(message: CompressedMessage): void {
    this.#running.delete(message);
    this.#goOn();
  }

  /** Milliseconds until the bucket holds more than `needed`. */
  #delayMs(needed: number): number {
    if (this.#budget > needed) return 0;
    const now = performance.now();
    const refill = ((now - this.#refilledAt) / 1000) * BYTES_PER_SECOND;
    this.#refilledAt = now;
    this.#budget = Math.min(BURST, this.#budget + refill);
    if (this.#budget > needed) return 0;
    return Math.ceil((1000 * (needed - this.#budget)) / BYTES_PER_SECOND) + 1;
  }
}

/** Tokens that a message takes from the bucket. */
function costOf(compressedLength: number, size: number): number {
  return Math.max(0, size - FREE_BYTES - FREE_RATIO * compressedLength);
}
