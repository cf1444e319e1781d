import { connectivityState } from '@grpc/grpc-js';
import { ReplaySubject, type Observable } from 'rxjs';
import { watchConnectivity, type DialChannel } from '../grpc/index.js';

/**
 * What the connection of a client is doing.
 *
 * - `idle`: there is none, and none is being made; `error` is what the last one ended with.
 * - `connecting`: one is being made.
 * - `ready`: calls can be made, in both directions.
 * - `failed`: the last attempt failed with `error`; after a pause there is another one, and if that
 *   fails, too, `failed` is told again (grpc-js tells only of the first, and keeps the error to itself).
 * - `closed`: the client is closed, for good.
 */
export type ConnectionState =
  | { readonly state: 'idle'; readonly error?: Error | undefined }
  | { readonly state: 'connecting' }
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
  #current: ConnectionState;

  constructor(channel: DialChannel) {
    this.#channel = channel;
    this.#current = this.#read();
    this.#states.next(this.#current);
    this.all$ = this.#states.asObservable();
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
    switch (channel.getConnectivityState(false)) {
      case connectivityState.IDLE:
        return { state: 'idle', error: channel.lastError };
      case connectivityState.CONNECTING:
        return { state: 'connecting' };
      case connectivityState.READY:
        return { state: 'ready' };
      case connectivityState.TRANSIENT_FAILURE:
        return { state: 'failed', error: channel.lastError };
      case connectivityState.SHUTDOWN:
        return { state: 'closed' };
    }
  }
}
