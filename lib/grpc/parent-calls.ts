import type { ParentCall } from './grpc-types.js';

/** The part of a call being handled that tells others of its end. */
export type EndingCall = Pick<ParentCall, 'cancelled' | 'on' | 'off'>;

/** Listeners to the end of one call. Together they are one listener of its event. */
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
 * Calls `listener` when `call`, which is being handled, is over: cancelled, past its deadline, or
 * answered. At once if it already is. However many listen, the call itself has one listener of its event
 * `cancelled`, and none when nobody listens any more.
 *
 * @returns a function that stops it.
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

/** The parent of the next call that is made. */
let parentOfNext: ParentCall | undefined;

/**
 * Makes `parent` the parent of the first call that `begin` makes, as the call option `parent` does; Nest's
 * stubs of methods with a stream of requests take no options. The call must be made before `begin`
 * returns.
 *
 * @param ifNone - called when `begin` has made no call.
 * @returns what `begin` returns.
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

/** The parent that `withParent` gives to the call which is made now; once. */
export function takeParent(): ParentCall | undefined {
  const parent = parentOfNext;
  if (parent !== undefined) parentOfNext = undefined;
  return parent;
}
