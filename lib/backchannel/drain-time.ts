import { milliseconds } from '../options/index.js';

/** Default time for in-flight calls to finish, in milliseconds. */
export const DEFAULT_DRAIN_MS = 10_000;

/** Rule of the option `drainMs`. */
export const DRAIN_MS_RULE = milliseconds();

/** Time limit of a drain that has several steps: `drainMs` for all of them, from the first one on. */
export class DrainTime {
  readonly #drainMs: number;
  #endsAt: number | undefined;

  constructor(drainMs: number) {
    this.#drainMs = drainMs;
  }

  /** Milliseconds that are left. The first read starts the time. */
  get leftMs(): number {
    this.#endsAt ??= performance.now() + this.#drainMs;
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** Resets the time after an abandoned shutdown: the next one gets all of it. */
  reset(): void {
    this.#endsAt = undefined;
  }
}
