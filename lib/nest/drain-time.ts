/** The time that calls have to finish on a shutdown: counted from its first step, however many it has. */
export class DrainTime {
  readonly #drainMs: number;
  #endsAt: number | undefined;

  constructor(drainMs: number) {
    this.#drainMs = drainMs;
  }

  /** Milliseconds that are left. The first who asks starts it. */
  get leftMs(): number {
    this.#endsAt ??= performance.now() + this.#drainMs;
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** There is no shutdown, after all: the next one has all of it. */
  reset(): void {
    this.#endsAt = undefined;
  }
}
