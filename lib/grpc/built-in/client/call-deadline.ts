import { propagate, status } from '@grpc/grpc-js';
import { MAX_TIMEOUT_MS } from '../../../options/index.js';
import type { ParentCall } from '../../grpc-types.js';
import { onEndOf } from '../../parent-calls.js';
import { toMs } from '../timeout-header.js';

/** A call that a `CallDeadline` ends. */
export interface CallWithDeadline {
  /** Whether the call has begun on an established connection. */
  readonly isConnected: boolean;
  getPeer(): string;
  cancelWithStatus(code: status, details: string): void;
}

/** Ends a call at its deadline, and with its parent. A call with neither has no `CallDeadline`. */
export class CallDeadline {
  readonly #call: CallWithDeadline;
  readonly #createdAt = Date.now();
  #deadline: number;
  #timer: NodeJS.Timeout | undefined;
  #stopFollowing: (() => void) | undefined;

  /** @param deadline - milliseconds since 1970, or Infinity. */
  constructor(call: CallWithDeadline, deadline: number) {
    this.#call = call;
    this.#deadline = deadline;
  }

  /** In milliseconds since 1970, or Infinity. */
  get deadline(): number {
    return this.#deadline;
  }

  /**
   * Makes the call follow the deadline and the end of `parent`, as selected by `flags`. Must be called
   * before `start()`.
   */
  follow(parent: ParentCall, flags: number): void {
    if (flags & propagate.DEADLINE) {
      this.#deadline = Math.min(this.#deadline, toMs(parent.getDeadline()));
    }
    if (flags & propagate.CANCELLATION) {
      this.#stopFollowing = onEndOf(parent, () => this.#endWithParent());
    }
  }

  /** Starts the timer of the deadline. If the deadline has passed, ends the call and returns false. */
  start(): boolean {
    const left = this.#deadline - Date.now();
    if (left > MAX_TIMEOUT_MS) return true;
    if (left > 0) this.#timer = setTimeout(() => this.#exceed(), left);
    else this.#exceed();
    return left > 0;
  }

  /** Stops the timer, and stops following the parent. Must be called when the call is over. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#stopFollowing?.();
  }

  /** A common deadline may end the parent before the timer of the call fires. */
  #endWithParent(): void {
    if (this.#deadline <= Date.now()) this.#exceed();
    else this.#call.cancelWithStatus(status.CANCELLED, 'Cancelled by parent call');
  }

  #exceed(): void {
    const call = this.#call;
    const seconds = ((Date.now() - this.#createdAt) / 1000).toFixed(3);
    const where = call.isConnected ? `remote_addr=${call.getPeer()}` : 'Waiting for a connection';
    call.cancelWithStatus(status.DEADLINE_EXCEEDED, `Deadline exceeded after ${seconds}s,${where}`);
  }
}
