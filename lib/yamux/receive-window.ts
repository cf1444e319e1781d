import { performance } from 'node:perf_hooks';
import { INITIAL_WINDOW } from './frame.js';
import type { RoundTrip } from './round-trip.js';
import type { WindowBudget } from './window-budget.js';

/** What the windows of a session have in common. */
export interface WindowLimits {
  /** Bytes that a stream is granted as it is opened or accepted. */
  readonly initial: number;
  /** Bytes that its window may grow to. */
  readonly max: number;
  readonly budget: WindowBudget;
  readonly roundTrip: RoundTrip;
}

/**
 * What one stream's peer may send, and what it is to be credited with.
 *
 * The window grows when it is what holds the peer up: when half of it came and was read in less time
 * than two round trips. It comes to rest at about four times what the link holds; it never shrinks.
 */
export class ReceiveWindow {
  readonly #limits: WindowLimits;
  /** What may be on its way and unread together. */
  #size = INITIAL_WINDOW;
  #open = INITIAL_WINDOW;
  #received = 0;
  #credited = 0;
  #receivedAtLastCredit = 0;
  #lastCreditAt = performance.now();

  /** Takes what the protocol grants to every stream from the budget, which must have it. */
  constructor(limits: WindowLimits) {
    this.#limits = limits;
    limits.budget.take(INITIAL_WINDOW);
  }

  /** Bytes that the peer may still send. */
  get open(): number {
    return this.#open;
  }

  /** The peer is told of the first window, of which it knows `INITIAL_WINDOW`. Returns the rest. */
  announce(): number {
    const delta = this.#enlarge(this.#limits.initial - INITIAL_WINDOW);
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

  /** The stream is gone, and the promise with it; what is still `unread` counts until it is read. */
  release(unread: number): void {
    const freed = this.#size - unread;
    this.#size = unread;
    this.#limits.budget.giveBack(freed);
  }

  /** Returns by how much. */
  #grow(): number {
    const { max, roundTrip } = this.#limits;
    if (this.#size >= max) return 0;
    const now = performance.now();
    const elapsed = now - this.#lastCreditAt;
    const received = this.#received - this.#receivedAtLastCredit;
    this.#lastCreditAt = now;
    this.#receivedAtLastCredit = this.#received;
    const roundTripMs = roundTrip.ms();
    // A reader that was away takes all at once what came meanwhile; that is not fast.
    if (roundTripMs === undefined || elapsed >= 2 * roundTripMs || received < this.#size / 2)
      return 0;
    return this.#enlarge(Math.min(this.#size, max - this.#size));
  }

  #enlarge(bytes: number): number {
    const more = this.#limits.budget.takeMore(bytes);
    this.#size += more;
    return more;
  }
}
