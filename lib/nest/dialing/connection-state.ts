import { connectivityState } from '@grpc/grpc-js';
import { ReplaySubject, type Observable } from 'rxjs';
import { watchConnectivity, type DialChannel } from '../../grpc/index.js';
import { endOfLastConnection, type ConnectionEnd } from './connection-end.js';

/**
 * What the connection of a client is doing.
 *
 * - `idle`: there is none, and none is being made; `end` is how the last one ended, `error` what it ended
 *   with, if it broke.
 * - `connecting`: one is being made; `end` is how the one before ended.
 * - `ready`: calls can be made, in both directions.
 * - `failed`: the last attempt failed with `error`; after a pause there is another one, and if that
 *   fails, too, `failed` is told again (grpc-js tells only of the first, and keeps the error to itself).
 * - `closed`: the client is closed, for good.
 */
export type ConnectionState =
  | {
      readonly state: 'idle';
      readonly error?: Error | undefined;
      readonly end?: ConnectionEnd | undefined;
    }
  | { readonly state: 'connecting'; readonly end?: ConnectionEnd | undefined }
  | { readonly state: 'ready' }
  | { readonly state: 'failed'; readonly error?: Error | undefined }
  | { readonly state: 'closed' };

/** Follows the connection of a channel until the channel is closed. */
export class ConnectionStates {
  /** The state of the moment, then what follows; completes behind `closed`. */
  readonly all$: Observable<ConnectionState>;
  readonly #channel: DialChannel;
  /** Unlike a BehaviorSubject it still says `closed` to who comes after. */
  readonly #states = new ReplaySubject<ConnectionState>(1);
  #current: ConnectionState = { state: 'idle' };
  /** How the last connection ended; undefined while there is one, and before the first. */
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
    // Attempts to connect that fail have errors of their own.
    else if (this.#current.state === 'ready') this.#end = endOfLastConnection(channel);
    const end = this.#end && { end: this.#end };
    switch (state) {
      case connectivityState.IDLE:
        return { state: 'idle', error: channel.lastError, ...end };
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
