import { performance } from 'node:perf_hooks';
import type { Http2ConnectionOptions } from '../connection-options.js';
import { DEFAULT_WINDOW_SIZE } from '../protocol/frame.js';
import type { UnreadBudget, UnreadBudgetUser } from './unread-budget.js';

/** Smallest credit, in bytes, that is worth a WINDOW_UPDATE. */
const WORTHWHILE_BYTES = 4096;
/**
 * Milliseconds after which received data is credited although more than half of the window is still open. On
 * a slow link, this credit shows the sender that its data arrives.
 */
const CREDIT_EVERY_MS = 250;

/** The connection that has the window. */
export interface ConnectionWindowHost {
  /** Sends credit to the peer, after another connection has returned bytes. */
  credit(bytes: number): void;
}

/**
 * Receive window of the connection: bytes in transit on all streams together.
 *
 * Data is credited when it arrives, not when the application reads it: an unread stream uses up only its
 * own window. The window shrinks only when the unread data of all streams comes near `maxUnreadBytes`. The
 * bytes that the peer may still send, and the unread ones, together stay within `maxUnreadBytes`, plus 65535
 * for each further connection of the peer. Connections of one peer share `maxUnreadBytes`; each gets an equal part of `connectionWindowSize`.
 */
export class ConnectionWindow implements UnreadBudgetUser {
  readonly #fullSize: number;
  readonly #budget: UnreadBudget;
  readonly #host: ConnectionWindowHost;
  #open = DEFAULT_WINDOW_SIZE;
  #unread = 0;
  /** Bytes still missing of the DATA frame that is being received. */
  #coming = 0;
  #lastCreditAt = performance.now();
  #closed = false;

  /**
   * @param budget - shared by all connections of the peer.
   */
  constructor(options: Http2ConnectionOptions, budget: UnreadBudget, host: ConnectionWindowHost) {
    this.#fullSize = options.connectionWindowSize;
    this.#budget = budget;
    this.#host = host;
    budget.join(DEFAULT_WINDOW_SIZE);
  }

  /** Bytes that the peer may still send. */
  get open(): number {
    return this.#open;
  }

  /** Opens the window at the start of the connection. Returns the credit for the peer. */
  announce(): number {
    return this.#credit(performance.now());
  }

  /** Counts a DATA frame of `bytes`, when its header arrives. */
  spend(bytes: number): void {
    this.#open -= bytes;
    this.#unread += bytes;
    this.#coming += bytes;
  }

  /** Counts `bytes` of the current DATA frame that have arrived. */
  receive(bytes: number): void {
    this.#coming -= bytes;
  }

  /** Counts `bytes` as read or dropped. Returns the credit for the peer. */
  consumed(bytes: number): number {
    if (this.#closed) return 0;
    this.#unread -= bytes;
    this.#budget.giveBack(this, bytes);
    return this.#creditIfHalfUsed();
  }

  /** Called after each chunk from the socket. Returns the credit for the peer. */
  afterChunk(): number {
    if (this.#size() - this.#open - this.#coming < WORTHWHILE_BYTES) return 0;
    const now = performance.now();
    if (now - this.#lastCreditAt >= CREDIT_EVERY_MS) return this.#credit(now);
    return this.#creditIfHalfUsed();
  }

  creditAgain(): void {
    const credit = this.#creditIfHalfUsed();
    if (credit > 0) this.#host.credit(credit);
  }

  /** Leaves the budget at the end of the connection. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#budget.leave(this, this.#open + this.#unread);
  }

  #size(): number {
    const { users } = this.#budget;
    return users > 1 ? Math.max(DEFAULT_WINDOW_SIZE, this.#fullSize / users) : this.#fullSize;
  }

  /** Credits the peer if at most half of the window is open. Waits if the budget has less than is open. */
  #creditIfHalfUsed(): number {
    const doubled = this.#open * 2;
    // The first comparison avoids `#size()`: this runs for every message.
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
