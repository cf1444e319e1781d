import { AsyncResource } from 'node:async_hooks';
import { connectivityState, type Deadline } from '@grpc/grpc-js';
import { rethrowOnNextTick } from '../../../wire/index.js';
import { MAX_TIMEOUT_MS } from '../../../options/index.js';
import { toMs } from '../timeout-header.js';

interface Watcher {
  readonly seen: connectivityState;
  /** Async context of the caller. `AsyncResource.bind` costs several times as much on Node 20. */
  readonly scope: AsyncResource;
  readonly callback: (error?: Error) => void;
  timer: NodeJS.Timeout | undefined;
}

/** The connectivity state of a channel, and its watchers. */
export class Connectivity {
  #state: connectivityState;
  #watchers: Watcher[] = [];
  readonly #failureListeners: (() => void)[] = [];

  constructor(state = connectivityState.IDLE) {
    this.#state = state;
  }

  get state(): connectivityState {
    return this.#state;
  }

  /**
   * Sets the state and calls the watchers of the former state. SHUTDOWN is final. Errors of watchers are
   * thrown on the next tick.
   */
  set(state: connectivityState): void {
    if (this.#state === connectivityState.SHUTDOWN) return;
    this.#state = state;
    const watchers = this.#watchers;
    this.#watchers = watchers.filter(({ seen }) => seen === state);
    for (const watcher of watchers) {
      if (watcher.seen === state) continue;
      clearTimeout(watcher.timer);
      callSafely(() => watcher.scope.runInAsyncScope(watcher.callback));
    }
  }

  /** Reports a failed attempt to connect. The state does not change if the attempt before failed, too. */
  fail(): void {
    const again = this.#state === connectivityState.TRANSIENT_FAILURE;
    this.set(connectivityState.TRANSIENT_FAILURE);
    if (again) for (const listener of this.#failureListeners) callSafely(listener);
  }

  /** Calls `listener` for each failure that does not change the state. */
  onFailedAgain(listener: () => void): void {
    this.#failureListeners.push(listener);
  }

  /**
   * Same as `watchConnectivityState` of a grpc-js channel. If the state is no longer `seen`, calls the
   * callback on the next tick. The callback runs in the async context of the caller.
   *
   * @throws Error if the channel has been shut down.
   */
  watch(seen: connectivityState, deadline: Deadline, callback: (error?: Error) => void): void {
    if (this.#state === connectivityState.SHUTDOWN) throw new Error('Channel has been shut down');
    const left = toMs(deadline) - Date.now();
    if (left <= 0) {
      process.nextTick(callback, passed());
      return;
    }
    if (seen !== this.#state) {
      process.nextTick(callback);
      return;
    }
    const scope = new AsyncResource('GRPC_WATCHER');
    const watcher: Watcher = { seen, scope, callback, timer: undefined };
    if (left <= MAX_TIMEOUT_MS) {
      watcher.timer = setTimeout(() => {
        this.#watchers.splice(this.#watchers.indexOf(watcher), 1);
        callback(passed());
      }, left);
    }
    this.#watchers.push(watcher);
  }
}

function callSafely(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    rethrowOnNextTick(error);
  }
}

function passed(): Error {
  return new Error('Deadline passed without connectivity state change');
}
