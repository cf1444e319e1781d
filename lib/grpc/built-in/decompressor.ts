import { performance } from 'node:perf_hooks';
import { Decompression, type DecompressionSink } from './compression.js';

/** Messages of one connection that are decompressed at once, while the main thread decodes others. */
const MAX_RUNNING = 2;

/** Bytes of memory per byte of a compressed message that cost nothing. Text is below 20, and objects made of it below 60. */
const FREE_RATIO = 64;
/** Bytes of each message that cost nothing. */
const FREE_BYTES = 16 * 1024;
/** Bytes beyond that ratio which are made without delay. */
const BURST = 8 * 1024 * 1024;
/** Bytes of that budget that each message is taken to need while it is decompressed. */
const OF_EACH = BURST / MAX_RUNNING;
/** How many more may be made per second. A byte takes up to 8 ns of CPU time: 3 % of a core. */
const BYTES_PER_SECOND = 4 * 1024 * 1024;

/** A compressed message whose turn is awaited. */
export interface CompressedMessage extends DecompressionSink {
  readonly message: Buffer;
  readonly encoding: string;
  /** Bytes that it may have decompressed; negative for any number. */
  readonly limit: number;
  /** It may be used, and is counted: `allows` had no budget for it. */
  onAllowed(): void;
}

/**
 * Decompresses the messages of one connection: in order, a few at a time. A message that becomes very
 * much larger uses up a budget; without it, the compressed messages of the connection wait.
 */
export class Decompressor {
  readonly #waiting = new Set<CompressedMessage>();
  readonly #running = new Map<CompressedMessage, Decompression>();
  /** Decompressed messages that have become larger than there is budget for, and their cost. */
  readonly #grown = new Map<CompressedMessage, number>();
  #budget = BURST;
  #refilledAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** Tells `message`, as a sink, what becomes of it; never before this returns. */
  add(message: CompressedMessage): void {
    this.#waiting.add(message);
    this.#goOn();
  }

  /** Nobody waits for `message` any more. */
  remove(message: CompressedMessage): void {
    this.#waiting.delete(message);
    this.#grown.delete(message);
    this.#running.get(message)?.cancel();
    this.#running.delete(message);
    // Not at once: with a connection all its calls end, one after the other.
    process.nextTick(() => this.#goOn());
  }

  /**
   * Whether a decompressed message may become larger now. If so, it is counted against the budget; if not,
   * it is counted later, and told then. One that has used up budget goes on.
   *
   * @param compressedLength - bytes that came.
   * @param counted - bytes of memory that were counted before; 0 at first.
   * @param size - bytes of memory that it is to take.
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
   * Counts what has become of a message against the budget.
   *
   * @param compressedLength - bytes that came.
   * @param counted - bytes of memory that were counted before.
   * @param size - bytes of memory that it takes.
   */
  charge(compressedLength: number, counted: number, size: number): void {
    this.#budget -= costOf(compressedLength, size) - costOf(compressedLength, counted);
  }

  /** Starts what may be started, and sets a timer for the rest. */
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

  /** Milliseconds until the budget is more than `needed`. */
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

/** Bytes that a message uses up of the budget. */
function costOf(compressedLength: number, size: number): number {
  return Math.max(0, size - FREE_BYTES - FREE_RATIO * compressedLength);
}
