import { performance } from 'node:perf_hooks';
import type { RoundTrip } from './round-trip.js';
import type { WindowBudget } from './window-budget.js';

/** Least round trip in milliseconds: even a near peer needs a turn of the event loop at both ends. */
const SHORTEST_ROUND_TRIP_MS = 2;

/** The settings and the state that the windows of a session share. */
export interface WindowLimits {
  /** Window in bytes that a stream has when it opens, before `announce()`. */
  readonly granted: number;
  /** Whether the budget does not count `granted`, and covers only the growth. Default false. */
  readonly grantedIsFree?: boolean;
  /** Window in bytes that is announced to the peer when a stream opens. */
  readonly initial: number;
  /** Largest window in bytes. */
  readonly max: number;
  readonly budget: WindowBudget;
  readonly roundTrip: RoundTrip;
  /** Largest size in bytes that one of the windows has grown to; set by the windows themselves. */
  proven?: number;
}

/**
 * The receive window of one stream: the bytes that the peer may send, and the credit that it gets.
 *
 * The window grows while it limits the peer. It does so if half of the window is received and read in less
 * than two round trips. Its size settles at about four times the bandwidth-delay product, and never shrinks by itself.
 * The other windows of the session then grow to the same size in one step. A window below `initial` grows
 * to it as soon as half is read.
 */
export class ReceiveWindow {
  readonly #limits: WindowLimits;
  /** Bytes that may be in transit and unread together. */
  #size: number;
  /** The part of the size that the budget does not count. */
  #free: number;
  #open: number;
  #received = 0;
  #credited = 0;
  #receivedAtLastCredit = 0;
  #lastCreditAt = performance.now();

  /** Takes `granted` from the budget, which must have it, unless `grantedIsFree` is set. */
  constructor(limits: WindowLimits, granted: number = limits.granted) {
    this.#limits = limits;
    this.#size = granted;
    this.#open = granted;
    this.#free = limits.grantedIsFree ? granted : 0;
    if (!limits.grantedIsFree) limits.budget.take(granted);
  }

  /** Bytes that the peer may still send; can be negative after `shift()`. */
  get open(): number {
    return this.#open;
  }

  /** Raises the window to `initial`, as far as the budget allows. Returns the increase to announce. */
  announce(): number {
    const { granted, initial } = this.#limits;
    const delta = this.#enlarge(initial - granted);
    this.#open += delta;
    return delta;
  }

  /** The peer has begun a frame of `bytes`. */
  spend(bytes: number): void {
    this.#open -= bytes;
  }

  /** `bytes` of begun frames have arrived. */
  receive(bytes: number): void {
    this.#received += bytes;
  }

  /**
   * Returns the credit for the peer: the bytes read since the last credit and the growth of the window, or
   * 0 until half of the window is read (Go: `sendWindowUpdate`).
   *
   * @param unread - number of received bytes that are not yet read.
   */
  credit(unread: number): number {
    const read = this.#received - unread - this.#credited;
    if (read < this.#size / 2) return 0;
    this.#credited += read;
    const delta = read + this.#grow();
    this.#open += delta;
    return delta;
  }

  /**
   * The window granted to every stream has changed by `bytes`, as announced to the peer. After a decrease,
   * `open` can be negative (RFC 9113, 6.9.2) until enough data is read.
   */
  shift(bytes: number): void {
    this.#size += bytes;
    this.#free += bytes;
    this.#open += bytes;
  }

  /**
   * The stream has ended. Returns its window to the budget, except for `unread` bytes: call this again as they
   * are read.
   */
  release(unread: number): void {
    const freed = this.#size - this.#free - unread;
    this.#size = unread;
    this.#free = 0;
    this.#limits.budget.giveBack(freed);
  }

  /** Grows the window if it limits the peer. Returns the increase. */
  #grow(): number {
    const { initial, max, roundTrip } = this.#limits;
    if (this.#size >= max) return 0;
    if (this.#size < initial) return this.#enlarge(initial - this.#size);
    const now = performance.now();
    const elapsed = now - this.#lastCreditAt;
    const received = this.#received - this.#receivedAtLastCredit;
    this.#lastCreditAt = now;
    this.#receivedAtLastCredit = this.#received;
    const measuredMs = roundTrip.ms();
    if (measuredMs === undefined) return 0;
    const roundTripMs = Math.max(measuredMs, SHORTEST_ROUND_TRIP_MS);
    // A reader that resumes after a pause reads old data quickly. Only data since the last credit counts.
    if (elapsed >= 2 * roundTripMs || received < this.#size / 2) return 0;
    const limits = this.#limits;
    const target = Math.min(max, Math.max(2 * this.#size, limits.proven ?? 0));
    const more = this.#enlarge(target - this.#size);
    limits.proven = Math.max(this.#size, limits.proven ?? 0);
    return more;
  }

  #enlarge(bytes: number): number {
    const more = this.#limits.budget.takeMore(bytes);
    this.#size += more;
    return more;
  }
}
