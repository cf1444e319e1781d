import { AsyncResource } from 'node:async_hooks';
import { connectivityState, type Deadline } from '@grpc/grpc-js';
import { rethrowOnNextTick } from '../../../wire/index.js';
import { MAX_TIMEOUT_MS } from '../../../options/index.js';
import { toMs } from '../timeout.js';

interface Watcher {
  seen: connectivityState;
  timer: NodeJS.Timeout | undefined;
  callback(error?: Error): void;
}

/** The state of a channel, and who wants to know when it is another one. */
export class Connectivity {
  #state: connectivityState = connectivityState.IDLE;
  #watchers: Watcher[] = [];
  readonly #failureListeners: (() => void)[] = [];

  get state(): connectivityState {
    return this.#state;
  }

  /** The last state is SHUTDOWN. What a watcher throws is thrown where it harms nobody else. */
  set(state: connectivityState): void {
    if (this.#state === connectivityState.SHUTDOWN) return;
    this.#state = state;
    const watchers = this.#watchers;
    this.#watchers = watchers.filter(({ seen }) => seen === state);
    for (const watcher of watchers) {
      if (watcher.seen === state) continue;
      clearTimeout(watcher.timer);
      callSafely(() => watcher.callback());
    }
  }

  /** An attempt to connect has failed; behind one that failed, too, the state stays the same. */
  fail(): void {
    const again = this.#state === connectivityState.TRANSIENT_FAILURE;
    this.set(connectivityState.TRANSIENT_FAILURE);
    if (again) for (const listener of this.#failureListeners) callSafely(listener);
  }

  /** Calls `listener` for every failure that is not told by a change of the state. */
  onFailedAgain(listener: () => void): void {
    this.#failureListeners.push(listener);
  }

  /**
   * As `watchConnectivityState` of a channel of grpc-js; what has changed already is told, too. The
   * callback runs in the async context of the caller.
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
    const watcher: Watcher = { seen, callback: AsyncResource.bind(callback), timer: undefined };
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
