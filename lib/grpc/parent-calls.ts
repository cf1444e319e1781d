import type { ParentCall } from './grpc-types.js';

/** The part of a server call that reports its end. */
export type EndingCall = Pick<ParentCall, 'cancelled' | 'on' | 'off'>;

/** Listeners for the end of one call. They share one listener of its event `cancelled`. */
class EndListeners {
  static readonly #all = new WeakMap<EndingCall, EndListeners>();
  readonly #call: EndingCall;
  readonly #listeners = new Set<() => void>();

  private constructor(call: EndingCall) {
    this.#call = call;
    call.on('cancelled', this.#onEnd);
  }

  static of(call: EndingCall): EndListeners {
    let listeners = EndListeners.#all.get(call);
    if (listeners === undefined) {
      listeners = new EndListeners(call);
      EndListeners.#all.set(call, listeners);
    }
    return listeners;
  }

  add(listener: () => void): void {
    this.#listeners.add(listener);
  }

  delete(listener: () => void): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#leave();
  }

  readonly #onEnd = (): void => {
    this.#leave();
    for (const listener of this.#listeners) listener();
  };

  #leave(): void {
    this.#call.off('cancelled', this.#onEnd);
    EndListeners.#all.delete(this.#call);
  }
}

/**
 * Calls `listener` when the server call `call` has ended: cancelled, past its deadline, or answered. Calls
 * it at once if the call has already ended. All listeners of a call share one listener of its event
 * `cancelled`, which is removed with the last of them.
 *
 * @returns a function that removes the listener.
 */
export function onEndOf(call: EndingCall, listener: () => void): () => void {
  if (call.cancelled) {
    listener();
    return () => {};
  }
  const listeners = EndListeners.of(call);
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The parent of the next client call. */
let parentOfNext: ParentCall | undefined;

/**
 * Makes `parent` the parent of the first call that `begin` makes, as the call option `parent` does. Nest's
 * stubs of methods with a request stream accept no call options. The call must be made before `begin`
 * returns.
 *
 * @param ifNone - called if `begin` made no call.
 * @returns the result of `begin`.
 */
export function withParent<R>(parent: ParentCall, begin: () => R, ifNone?: () => void): R {
  const outer = parentOfNext;
  let isTaken = false;
  parentOfNext = parent;
  try {
    return begin();
  } finally {
    isTaken = parentOfNext !== parent;
    parentOfNext = outer;
    if (!isTaken) ifNone?.();
  }
}

/** Returns the parent that `withParent` set, and clears it. */
export function takeParent(): ParentCall | undefined {
  const parent = parentOfNext;
  if (parent !== undefined) parentOfNext = undefined;
  return parent;
}
