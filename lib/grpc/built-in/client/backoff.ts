const MULTIPLIER = 1.6;

/**
 * Computes the wait between attempts to connect: a random time between 0 and a limit that grows with each
 * attempt ("full jitter").
 *
 * The limits, their growth and their defaults are those of gRPC ("Connection Backoff Protocol"); options of
 * grpc-js set the first and the greatest limit. The jitter differs: gRPC waits for the limit plus or minus
 * 20 %. After the restart of a server with thousands of clients, all of them fail together. With gRPC's
 * jitter they would return together, attempt after attempt, with long pauses between, and each wave could
 * overload the server again. Full jitter spreads them evenly. There is no minimum wait: at its end,
 * all clients whose random wait is shorter would return together. A single client makes twice as many
 * attempts as with gRPC, at the greatest limit about one per minute.
 */
export class Backoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  #limitMs: number;

  /**
   * @param initialMs - limit of the first wait, in milliseconds. Default 1000.
   * @param maxMs - greatest limit, in milliseconds; raised to `initialMs` if lower. Default 120000.
   */
  constructor(initialMs = 1000, maxMs = 120_000) {
    this.#initialMs = initialMs;
    this.#maxMs = Math.max(initialMs, maxMs);
    this.#limitMs = initialMs;
  }

  /** Returns the next wait in milliseconds. */
  next(): number {
    const ms = this.#limitMs;
    this.#limitMs = Math.min(this.#maxMs, ms * MULTIPLIER);
    return ms * Math.random();
  }

  /** Starts again with the first limit, after a successful attempt. */
  reset(): void {
    this.#limitMs = this.#initialMs;
  }
}
