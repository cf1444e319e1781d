import { milliseconds } from '../options/index.js';

/** Default time for in-flight calls to finish, in milliseconds. */
export const DEFAULT_DRAIN_MS = 10_000;

/** Rule of the option `drainMs`. */
export const DRAIN_MS_RULE = milliseconds();

/** One time limit, `drainMs`, for all steps of a drain. It starts with the first step. */
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

  /** Resets the time when a side starts again after a shutdown: the next shutdown has all of `drainMs`. */
  reset(): void {
    this.#endsAt = undefined;
  }
}
