import { connectivityState } from '@grpc/grpc-js';
import type { Attempt } from './attempt.js';
import { CHANNEL_CLOSED } from './no-connection.js';
import type { Transport } from './transport.js';

/** State of a subchannel, with the data of that state. The names are those of gRPC. */
export type SubchannelState =
  /**
   * There is no connection, and no attempt to make one. A request to connect leads to `connecting`; during a
   * hold only its end does, if calls wait or `resumes` is set.
   */
  | {
      readonly name: 'idle';
      /** Whether a hold interrupts a series of failed attempts, which continues after the hold. */
      readonly resumes: boolean;
    }
  /**
   * An attempt to connect is in progress. The SETTINGS of the peer lead to `ready`, a failure to `transient
   * failure`, the idle timeout to `idle`. Calls may begin on the connection of the attempt.
   */
  | {
      readonly name: 'connecting';
      readonly attempt: Attempt;
      /** Whether the attempt before failed: watchers see TRANSIENT_FAILURE until one succeeds. */
      readonly isRetry: boolean;
    }
  /** Calls begin on a connection. Its GOAWAY or end, and the idle timeout, lead to `idle`. */
  | { readonly name: 'ready'; readonly transport: Transport }
  /** The last attempt failed. The timer leads to `connecting`, a hold and the idle timeout to `idle`. */
  | {
      readonly name: 'transient failure';
      readonly timer: NodeJS.Timeout;
      /** Pause between the failure and the next attempt, in milliseconds. */
      readonly retryInMs: number;
    }
  /** The channel was closed. This state is final, and every other one leads to it. */
  | { readonly name: 'shutdown' };

/** Returns the connectivity state that the watchers of the channel see. */
export function connectivityOf(state: SubchannelState): connectivityState {
  switch (state.name) {
    case 'idle':
      return connectivityState.IDLE;
    case 'connecting':
      return state.isRetry ? connectivityState.TRANSIENT_FAILURE : connectivityState.CONNECTING;
    case 'ready':
      return connectivityState.READY;
    case 'transient failure':
      return connectivityState.TRANSIENT_FAILURE;
    case 'shutdown':
      return connectivityState.SHUTDOWN;
  }
}

/** Stops everything that would lead out of `state`, except for a connection. */
export function abandon(state: SubchannelState): void {
  if (state.name === 'connecting') state.attempt.abort(CHANNEL_CLOSED);
  else if (state.name === 'transient failure') clearTimeout(state.timer);
}
