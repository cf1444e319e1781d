import { performance } from 'node:perf_hooks';

/**
 * A token bucket for actions that cost a peer almost nothing but cause work here. The bucket limits a
 * burst and a rate. Useful actions give tokens back, so that a peer that does real work is never stopped.
 */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #lastRefillAt = performance.now();

  /**
   * @param burst - largest number of tokens, and the initial number.
   * @param perSecond - number of tokens added per second.
   */
  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
  }

  /** Takes `cost` tokens. Returns whether the bucket had them. */
  allows(cost: number): boolean {
    this.#left -= cost;
    return this.#left >= 0 || this.#refill();
  }

  /** Takes `cost` tokens without a check: the next call of `allows` tells whether that was too much. */
  charge(cost: number): void {
    this.#left -= cost;
  }

  /** Gives back `cost` tokens, up to the burst. */
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
