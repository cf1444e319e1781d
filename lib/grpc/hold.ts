import { status } from '@grpc/grpc-js';
import { verifyArgument } from '../options/index.js';
import type { CallProblem } from './grpc-types.js';
import { MAX_STAY_AWAY_MS, STAY_AWAY_RULE } from './reconnect-advice.js';

/** A time in which a channel makes no connection. */
export class Hold {
  readonly #onEnd: () => void;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onEnd - called when the time is over, but not if it ends early. */
  constructor(onEnd: () => void = () => {}) {
    this.#onEnd = onEnd;
  }

  /** Milliseconds until the end; 0 if there is no hold. */
  get leftMs(): number {
    // The timer may be early by a millisecond.
    return this.#timer === undefined ? 0 : Math.max(1, this.#until - performance.now());
  }

  /** Begins a hold of `ms` milliseconds, at most 24 hours, in place of the current one; 0 ends it. */
  begin(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (ms <= 0) return;
    const holdMs = Math.min(ms, MAX_STAY_AWAY_MS);
    this.#until = performance.now() + holdMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onEnd();
    }, holdMs).unref();
  }
}

/** @throws OptionError if `ms` is not an argument for `DialChannel.hold`. */
export function verifyHold(ms: number): void {
  verifyArgument('channel.hold', 'time', STAY_AWAY_RULE, ms);
}

/** Returns the status of a call that begins during a hold. */
export function heldProblem(leftMs: number): CallProblem {
  const seconds = Math.ceil(leftMs / 1000);
  const details = `No connection: the other end asked this side to stay away, for ${seconds} s from now`;
  return { code: status.UNAVAILABLE, details };
}
