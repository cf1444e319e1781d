const MULTIPLIER = 1.6;

/**
 * How long to wait between attempts to connect: anything between nothing and a limit that grows with
 * each attempt ("full jitter").
 *
 * First limit, growth, greatest limit and their defaults are those of gRPC ("Connection Backoff
 * Protocol"), and grpc-js' options set them. The jitter is not: gRPC waits for the limit itself, a
 * fifth more or less. Where a server with thousands of clients restarts, they all fail together, and so
 * would come back together, attempt after attempt, with long silences between; and a server that falls
 * under the rush would find the next one as large. Spread over the whole time they come evenly. There
 * is no least wait either: those that drew less would all come at its end. It costs a single client
 * twice as many attempts as gRPC's, which are as rare after a while: one a minute.
 */
export class Backoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  #limitMs: number;

  /**
   * @param initialMs - limit of the first wait, in milliseconds. Default 1000.
   * @param maxMs - greatest limit, in milliseconds, at least `initialMs`. Default 120000.
   */
  constructor(initialMs = 1000, maxMs = 120_000) {
    this.#initialMs = initialMs;
    this.#maxMs = Math.max(initialMs, maxMs);
    this.#limitMs = initialMs;
  }

  /** Milliseconds to wait this time. */
  next(): number {
    const ms = this.#limitMs;
    this.#limitMs = Math.min(this.#maxMs, ms * MULTIPLIER);
    return ms * Math.random();
  }

  /** It has connected. */
  reset(): void {
    this.#limitMs = this.#initialMs;
  }
}
