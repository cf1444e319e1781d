import { connectivityState } from '@grpc/grpc-js';
import { ReplaySubject, type Observable } from 'rxjs';
import { watchConnectivity, type DialChannel } from '../../grpc/index.js';
import { like, type Rule } from '../../options/index.js';
import { endOfLastConnection, type ConnectionEnd } from './connection-end.js';

/**
 * State of the connection of a client.
 *
 * - `idle`: there is no connection and no attempt. `end` tells how the last connection ended, `error` is
 *   its error if it broke. `reconnectAt` is the time until which this side stays away, because the other end
 *   asked for it.
 * - `connecting`: an attempt is in progress. `end` tells how the last connection ended.
 * - `ready`: calls can be made in both directions.
 * - `failed`: the last attempt failed with `error`. The next attempt follows after a pause; if it fails as
 *   well, `failed` is emitted again. With grpc-js only the first failure is emitted, without its error.
 * - `closed`: the client is closed. This state is final.
 */
export type ConnectionState =
  | {
      readonly state: 'idle';
      readonly error?: Error | undefined;
      readonly end?: ConnectionEnd | undefined;
      /** End of the time for which this side was asked to stay away. */
      readonly reconnectAt?: Date | undefined;
    }
  | { readonly state: 'connecting'; readonly end?: ConnectionEnd | undefined }
  | { readonly state: 'ready' }
  | { readonly state: 'failed'; readonly error?: Error | undefined }
  | { readonly state: 'closed' };

/** Names of all states. A missing or an additional one does not compile. */
const STATES: Readonly<Record<ConnectionState['state'], true>> = {
  idle: true,
  connecting: true,
  ready: true,
  failed: true,
  closed: true,
};

/** Rule of the names of states. */
export const STATE_RULE: Rule<ConnectionState['state']> = like(
  `one of ${Object.keys(STATES).join(', ')}`,
  (value) => typeof value === 'string' && Object.hasOwn(STATES, value),
);

/** Follows the connection of a channel until the channel is closed. */
export class ConnectionStates {
  /** Emits the current state and every later one; completes after `closed`. */
  readonly all$: Observable<ConnectionState>;
  readonly #channel: DialChannel;
  /** Unlike a BehaviorSubject, it replays `closed` to late subscribers. */
  readonly #states = new ReplaySubject<ConnectionState>(1);
  #current: ConnectionState = { state: 'idle' };
  /** How the last connection ended; undefined while there is a connection, and before the first one. */
  #end: ConnectionEnd | undefined;

  constructor(channel: DialChannel) {
    this.#channel = channel;
    this.all$ = this.#states.asObservable();
    this.#tell(this.#read());
    const tell = (): void => this.#tell(this.#read());
    watchConnectivity(channel, tell);
    channel.onFailedAgain?.(tell);
  }

  get current(): ConnectionState {
    return this.#current;
  }

  #tell(state: ConnectionState): void {
    this.#current = state;
    this.#states.next(state);
    if (state.state === 'closed') this.#states.complete();
  }

  #read(): ConnectionState {
    const channel = this.#channel;
    const state = channel.getConnectivityState(false);
    if (state === connectivityState.READY) this.#end = undefined;
    // Only the end of a connection counts; failed attempts have errors of their own.
    else if (this.#current.state === 'ready') this.#end = endOfLastConnection(channel);
    const end = this.#end && { end: this.#end };
    switch (state) {
      case connectivityState.IDLE:
        return { state: 'idle', error: channel.lastError, ...end, ...reconnectAtOf(channel) };
      case connectivityState.CONNECTING:
        return { state: 'connecting', ...end };
      case connectivityState.READY:
        return { state: 'ready' };
      case connectivityState.TRANSIENT_FAILURE:
        return { state: 'failed', error: channel.lastError };
      case connectivityState.SHUTDOWN:
        return { state: 'closed' };
    }
  }
}

/** The end of a hold of `channel`, if there is one. */
function reconnectAtOf({ heldMs = 0 }: DialChannel): { reconnectAt: Date } | undefined {
  return heldMs > 0 ? { reconnectAt: new Date(Date.now() + heldMs) } : undefined;
}
