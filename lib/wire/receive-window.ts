import { performance } from 'node:perf_hooks';
import type { RoundTrip } from './round-trip.js';
import type { WindowBudget } from './window-budget.js';

/** However near the peer is, both ends take a turn of their event loop before they answer. */
const SHORTEST_ROUND_TRIP_MS = 2;

/** What the windows of a session have in common. */
export interface WindowLimits {
  /** Bytes that the peer knows of without being told. */
  readonly granted: number;
  /** Whether these are not counted by the budget, which then is for growth only. Default false. */
  readonly grantedIsFree?: boolean;
  /** Bytes of the first window that it is told of. */
  readonly initial: number;
  /** Bytes that its window may grow to. */
  readonly max: number;
  readonly budget: WindowBudget;
  readonly roundTrip: RoundTrip;
  /** Bytes that one of them has grown to; kept by the windows themselves. */
  proven?: number;
}

/**
 * What the peer may send, on one stream or on all, and what it is to be credited with.
 *
 * The window grows when it is what holds the peer up: when half of it came and was read in less time
 * than two round trips. It comes to rest at about four times what the link holds, and does not shrink by
 * itself. What one has found out, the others of the session need not find out again: they grow there at
 * once. A window that is smaller than `initial` grows there as soon as half of it was read.
 */
export class ReceiveWindow {
  readonly #limits: WindowLimits;
  /** What may be on its way and unread together. */
  #size: number;
  /** How much of the size the budget does not count. */
  #free: number;
  #open: number;
  #received = 0;
  #credited = 0;
  #receivedAtLastCredit = 0;
  #lastCreditAt = performance.now();

  /** Takes what is granted from the budget, which must have it, unless that is free. */
  constructor(limits: WindowLimits, granted: number = limits.granted) {
    this.#limits = limits;
    this.#size = granted;
    this.#open = granted;
    this.#free = limits.grantedIsFree ? granted : 0;
    if (!limits.grantedIsFree) limits.budget.take(granted);
  }

  /** Bytes that the peer may still send. */
  get open(): number {
    return this.#open;
  }

  /** The peer is told of the first window. Returns what to add to what was granted. */
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

  /** `bytes` of such frames have arrived. */
  receive(bytes: number): void {
    this.#received += bytes;
  }

  /**
   * What to credit the peer with, `unread` bytes being left: all that was read since the last time,
   * but 0 until that is half the window (Go: `sendWindowUpdate`).
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
   * The peer was told that what is granted to every stream has changed. If it has become less, more
   * may be unread than the window has bytes; until that is read, the peer gets no credit.
   */
  shift(bytes: number): void {
    this.#size += bytes;
    this.#free += bytes;
    this.#open += bytes;
  }

  /** The stream is gone, and the promise with it; what is still `unread` counts until it is read. */
  release(unread: number): void {
    const freed = this.#size - this.#free - unread;
    this.#size = unread;
    this.#free = 0;
    this.#limits.budget.giveBack(freed);
  }

  /** Returns by how much. */
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
    // A reader that was away takes all at once what came meanwhile; that is not fast.
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
