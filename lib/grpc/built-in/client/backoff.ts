const MULTIPLIER = 1.6;
const JITTER = 0.2;

/**
 * How long to wait between attempts to connect: ever longer, and never the same for all who wait.
 * Source: gRPC, "Connection Backoff Protocol".
 */
export class Backoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor(initialMs = 1000, maxMs = 120_000) {
    this.#initialMs = initialMs;
    this.#maxMs = Math.max(initialMs, maxMs);
    this.#nextMs = initialMs;
  }

  /** Milliseconds to wait this time. */
  next(): number {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(this.#maxMs, ms * MULTIPLIER);
    return ms * (1 + JITTER * (2 * Math.random() - 1));
  }

  /** It has connected. */
  reset(): void {
    this.#nextMs = this.#initialMs;
  }
}
