import { performance } from 'node:perf_hooks';

/**
 * Counts what a peer can do for next to nothing but makes work here. It may do so much at once, and so
 * much per second; and what is useful pays for it, so that one that does its work is never stopped.
 */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #lastRefillAt = performance.now();

  /**
   * @param burst - costs that the peer may run up at once.
   * @param perSecond - costs that it is forgiven per second.
   */
  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
  }

  /** Whether the peer may do one more thing of this `cost`. */
  allows(cost: number): boolean {
    this.#left -= cost;
    return this.#left >= 0 || this.#refill();
  }

  /** The peer has done something of this `cost`; whether that was too much, `allows` says next time. */
  charge(cost: number): void {
    this.#left -= cost;
  }

  /** Something useful came of it. */
  forgive(cost: number): void {
    this.#left = Math.min(this.#burst, this.#left + cost);
  }

  #refill(): boolean {
    const now = performance.now();
    const refill = ((now - this.#lastRefillAt) / 1000) * this.#perSecond;
    this.#lastRefillAt = now;
    this.#left = Math.min(this.#burst, this.#left + refill);
    return this.#left >= 0;
  }
}
