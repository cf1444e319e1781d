import { performance } from 'node:perf_hooks';

/** Milliseconds after which a measurement is repeated, if anybody still asks. */
const MEASURE_EVERY_MS = 10_000;

/**
 * How far away the peer is. Measured only when somebody asks, so that a quiet session stays quiet; the
 * shortest time counts, because data in between looks like distance too.
 */
export class RoundTrip {
  readonly #ping: () => Promise<number>;
  #shortestMs: number | undefined;
  #measuring = false;
  #nextMeasureAt = 0;

  constructor(ping: () => Promise<number>) {
    this.#ping = ping;
  }

  /** Milliseconds; undefined until the first answer has come. Asking has it measured. */
  ms(): number | undefined {
    if (!this.#measuring && performance.now() >= this.#nextMeasureAt) void this.#measure();
    return this.#shortestMs;
  }

  async #measure(): Promise<void> {
    this.#measuring = true;
    this.#nextMeasureAt = performance.now() + MEASURE_EVERY_MS;
    try {
      const ms = await this.#ping();
      this.#shortestMs = Math.min(ms, this.#shortestMs ?? ms);
    } catch {
      // A peer that answers no pings keeps its first windows.
    }
    this.#measuring = false;
  }
}
