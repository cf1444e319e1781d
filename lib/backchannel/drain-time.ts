import { milliseconds } from '../options/index.js';

/** Milliseconds that calls have to finish unless an option says otherwise. */
export const DEFAULT_DRAIN_MS = 10_000;

/** What the option `drainMs` may be. */
export const DRAIN_MS_RULE = milliseconds();

/** The time that calls have to finish: counted from its first step, however many there are. */
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
