import { performance } from 'node:perf_hooks';

/** What a reset stream costs, and what a finished one pays. */
export const STREAM_COST = 2;

/** Costs that a connection may run up at once, and how many it is forgiven per second. */
const BURST = 2000;
const PER_SECOND = 200;

/**
 * Counts what a peer can send for next to nothing but makes work here: pings, settings, resets, empty
 * frames. What is useful pays for it: a client may well reset as many streams as it lets finish.
 */
export class FloodGuard {
  #left = BURST;
  #lastRefillAt = performance.now();

  /** Whether the peer may do one more thing of this `cost`. */
  allows(cost: number): boolean {
    this.#left -= cost;
    return this.#left >= 0 || this.#refill();
  }

  /** Something useful came: what it needed on its way is forgiven. */
  forgive(cost: number): void {
    this.#left = Math.min(BURST, this.#left + cost);
  }

  #refill(): boolean {
    const now = performance.now();
    const refill = ((now - this.#lastRefillAt) / 1000) * PER_SECOND;
    this.#lastRefillAt = now;
    this.#left = Math.min(BURST, this.#left + refill);
    return this.#left >= 0;
  }
}
