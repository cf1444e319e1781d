import type { CallStatus } from '../../grpc-types.js';
import type { Transport } from './transport.js';

/** A call that needs a connection. */
export interface WaitingCall {
  /** Whether the call waits also while attempts to connect fail. */
  readonly waitsForReady: boolean;
  /** Called with a connection that has room for the call. */
  begin(transport: Transport): void;
  /** Called if the call gets no connection. */
  fail(status: CallStatus): void;
}

/** Decides on which connection each call of a channel begins. */
export interface CallRouter {
  /** Gives `call` a connection, at once or later, or fails it. */
  pick(call: WaitingCall): void;
  /** Removes a call that has ended from the waiting ones. */
  forget(call: WaitingCall): void;
  /** Whether calls may still begin on `transport`. */
  isCurrent(transport: Transport): boolean;
  /** Called when a call of the channel starts. */
  callStarted(): void;
  /** Called when a started call has ended. */
  callEnded(): void;
}
