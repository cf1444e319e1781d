import { performance } from 'node:perf_hooks';

/** Milliseconds after which a measurement is repeated on demand. */
const MEASURE_EVERY_MS = 10_000;

/** The pings of a connection. */
export interface PingSender {
  /** Sends a ping. Resolves with the round-trip time in milliseconds. */
  send(): Promise<number>;
}

/**
 * Measures the round-trip time to the peer. Measures only on demand, so that an idle session stays idle.
 * The shortest time counts, because data in transit delays the replies.
 */
export class RoundTrip {
  readonly #pings: PingSender;
  #shortestMs: number | undefined;
  #measuring = false;
  #nextMeasureAt = 0;

  constructor(pings: PingSender) {
    this.#pings = pings;
  }

  /** Returns the milliseconds; undefined before the first reply. Starts a measurement if one is due. */
  ms(): number | undefined {
    if (!this.#measuring && performance.now() >= this.#nextMeasureAt) void this.#measure();
    return this.#shortestMs;
  }

  async #measure(): Promise<void> {
    this.#measuring = true;
    this.#nextMeasureAt = performance.now() + MEASURE_EVERY_MS;
    try {
      const ms = await this.#pings.send();
      this.#shortestMs = Math.min(ms, this.#shortestMs ?? ms);
    } catch {
      // The windows do not grow if the peer answers no pings.
    }
    this.#measuring = false;
  }
}
