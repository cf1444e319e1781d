import { inRootContext } from '../../../context/index.js';
import { MAX_TIMEOUT_MS } from '../../../options/index.js';
import type { CallStatus } from '../../grpc-types.js';
import type { WaitingCall } from './call-router.js';
import type { Transport } from './transport.js';

/** The calls of a channel that wait for a connection, in the order in which they came. */
export class WaitingCalls {
  readonly #calls = new Set<WaitingCall>();
  /** Keeps the process alive while calls wait. */
  #alive: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#calls.size;
  }

  add(call: WaitingCall): void {
    this.#calls.add(call);
    this.#alive ??= inRootContext(() => setInterval(() => {}, MAX_TIMEOUT_MS));
  }

  /** Removes a call, if it waits. */
  forget(call: WaitingCall): void {
    this.#calls.delete(call);
    this.#letProcessEnd();
  }

  /**
   * Begins calls on `transport` while `isCurrent()` and the transport has room; only those that may begin
   * early, if the transport is not ready.
   */
  begin(transport: Transport, isCurrent: () => boolean): void {
    for (const call of this.#calls) {
      if (!isCurrent() || !transport.hasRoom) return;
      if (!transport.isReady && call.mayBeginEarly !== true) continue;
      this.#calls.delete(call);
      call.begin(transport);
    }
    this.#letProcessEnd();
  }

  /** Fails all calls. */
  failAll(why: CallStatus): void {
    this.#fail(why, () => true);
  }

  /** Fails all calls but those with `waitsForReady`. */
  failImpatient(why: CallStatus): void {
    this.#fail(why, (call) => !call.waitsForReady);
  }

  #fail(why: CallStatus, which: (call: WaitingCall) => boolean): void {
    for (const call of this.#calls) {
      if (!which(call)) continue;
      this.#calls.delete(call);
      call.fail(why);
    }
    this.#letProcessEnd();
  }

  #letProcessEnd(): void {
    if (this.#calls.size > 0) return;
    clearInterval(this.#alive);
    this.#alive = undefined;
  }
}
