import { performance } from 'node:perf_hooks';
import type { Http2ConnectionOptions } from './connection-options.js';
import { DEFAULT_WINDOW_SIZE } from './frame.js';

/** Credit below this many bytes is not worth a frame, unless the window is about to close. */
const WORTHWHILE_BYTES = 4096;
/**
 * Milliseconds after which received data is credited although half of the window is still open. On a
 * slow link this credit is what tells the sender that its data arrives.
 */
const CREDIT_EVERY_MS = 250;

/**
 * The window of the connection: how many bytes the peer may have on the way, on all streams together.
 *
 * Data is credited when it arrives, not when the application reads it: a stream that nobody reads uses
 * up its own window and nothing else. Only when the unread data of all streams comes near
 * `maxUnreadBytes` does the window shrink, so that open and unread bytes never exceed that together.
 */
export class ConnectionWindow {
  readonly #size: number;
  readonly #maxUnread: number;
  #open = DEFAULT_WINDOW_SIZE;
  #unread = 0;
  /** Bytes of DATA frames that have begun which are still to come. */
  #coming = 0;
  #lastCreditAt = performance.now();

  constructor(options: Http2ConnectionOptions) {
    this.#size = options.connectionWindowSize;
    this.#maxUnread = options.maxUnreadBytes;
  }

  /** Bytes that the peer may still send. */
  get open(): number {
    return this.#open;
  }

  /** Returns the credit that the peer gets at the beginning of the connection. */
  announce(): number {
    return this.#credit(performance.now());
  }

  /** The peer has begun a DATA frame of `bytes`. */
  spend(bytes: number): void {
    this.#open -= bytes;
    this.#unread += bytes;
    this.#coming += bytes;
  }

  /** `bytes` of such a frame have arrived. */
  receive(bytes: number): void {
    this.#coming -= bytes;
  }

  /** `bytes` were read, or are thrown away. Returns what to credit the peer with. */
  consumed(bytes: number): number {
    this.#unread -= bytes;
    return this.#isHalfUsed() ? this.#credit(performance.now()) : 0;
  }

  /** A chunk of the connection was read. Returns what to credit the peer with. */
  afterChunk(): number {
    if (this.#size - this.#open - this.#coming < WORTHWHILE_BYTES) return 0;
    const now = performance.now();
    if (this.#isHalfUsed() || now - this.#lastCreditAt >= CREDIT_EVERY_MS) return this.#credit(now);
    return 0;
  }

  #isHalfUsed(): boolean {
    return this.#open * 2 <= Math.min(this.#size, this.#maxUnread - this.#unread);
  }

  #credit(now: number): number {
    const room = Math.min(this.#size - this.#coming, this.#maxUnread - this.#unread);
    const credit = room - this.#open;
    if (credit < WORTHWHILE_BYTES) return 0;
    this.#lastCreditAt = now;
    this.#open += credit;
    return credit;
  }
}
