import { performance } from 'node:perf_hooks';
import type { Http2ConnectionOptions } from '../connection-options.js';
import { DEFAULT_WINDOW_SIZE } from '../frame.js';
import type { UnreadBudget, UnreadBudgetUser } from './unread-budget.js';

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
 * Connections of one peer share `maxUnreadBytes`, and `connectionWindowSize` in equal parts.
 */
export class ConnectionWindow implements UnreadBudgetUser {
  readonly #fullSize: number;
  readonly #budget: UnreadBudget;
  readonly #onRoom: (credit: number) => void;
  #open = DEFAULT_WINDOW_SIZE;
  #unread = 0;
  /** Bytes of DATA frames that have begun which are still to come. */
  #coming = 0;
  #lastCreditAt = performance.now();
  #closed = false;

  /**
   * @param budget - of all connections of the peer.
   * @param onRoom - credits the peer because another connection has given something back.
   */
  constructor(
    options: Http2ConnectionOptions,
    budget: UnreadBudget,
    onRoom: (credit: number) => void,
  ) {
    this.#fullSize = options.connectionWindowSize;
    this.#budget = budget;
    this.#onRoom = onRoom;
    budget.join(this, DEFAULT_WINDOW_SIZE);
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
    if (this.#closed) return 0;
    this.#unread -= bytes;
    this.#budget.giveBack(this, bytes);
    return this.#creditIfHalfUsed();
  }

  /** A chunk of the connection was read. Returns what to credit the peer with. */
  afterChunk(): number {
    if (this.#size() - this.#open - this.#coming < WORTHWHILE_BYTES) return 0;
    const now = performance.now();
    if (now - this.#lastCreditAt >= CREDIT_EVERY_MS) return this.#credit(now);
    return this.#creditIfHalfUsed();
  }

  retry(): void {
    const credit = this.#creditIfHalfUsed();
    if (credit > 0) this.#onRoom(credit);
  }

  /** The connection is over. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#budget.leave(this, this.#open + this.#unread);
  }

  #size(): number {
    const { users } = this.#budget;
    return users > 1 ? Math.max(DEFAULT_WINDOW_SIZE, this.#fullSize / users) : this.#fullSize;
  }

  /** Half of what the window could be: less of it is open. */
  #creditIfHalfUsed(): number {
    const doubled = this.#open * 2;
    // The full size is known without a look at the others, and this is asked for every message.
    if (doubled > this.#fullSize || doubled > this.#size()) return 0;
    if (this.#open <= this.#budget.left) return this.#credit(performance.now());
    this.#budget.wait(this);
    return 0;
  }

  #credit(now: number): number {
    if (this.#closed) return 0;
    const budget = this.#budget;
    const wanted = Math.floor(this.#size()) - this.#coming - this.#open;
    const credit = Math.min(wanted, budget.left);
    if (credit < wanted) budget.wait(this);
    else budget.forgo(this);
    if (credit < WORTHWHILE_BYTES) return 0;
    this.#lastCreditAt = now;
    this.#open += credit;
    budget.take(credit);
    return credit;
  }
}
