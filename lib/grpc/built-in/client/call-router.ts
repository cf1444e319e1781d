import type { Http2Error, Http2Stream, StreamListener } from '../../../http2/index.js';
import type { ConnectionInfo } from '../../connection-info.js';
import type { GoAway } from '../../grpc-engine.js';
import type { CallStatus } from '../../grpc-types.js';
import type { ConnectionMemory } from '../connection-memory.js';
import type { Connectivity } from './connectivity.js';

/** A connection on which calls begin. */
export interface CallTransport {
  /** The connection, which calls report as their peer; undefined if it is unknown. */
  readonly info: ConnectionInfo | undefined;
  /** `:scheme` of the calls: `https` if the connection is encrypted, else `http`. */
  readonly scheme: string;
  /** Memory account of the calls. */
  readonly memory: ConnectionMemory;
  /** Whether a call may begin now. */
  readonly hasRoom: boolean;
  /**
   * Whether the connection is established: the peer has sent its SETTINGS. Before that, only calls begin
   * that `mayBeginEarly`. Default: true.
   */
  readonly isReady?: boolean;
  /** Size limit of the header list of a call at this moment, in bytes. */
  readonly maxHeaderListSize: number;
  /**
   * Opens a stream and sends the headers of a request.
   *
   * @throws Error if there is no room, or if HTTP/2 cannot carry a header.
   */
  open(headers: readonly string[], listener: StreamListener): Http2Stream;
  /**
   * Returns the status of a call whose stream ended with `error`. Default: the one that gRPC assigns to the
   * error of an established connection.
   */
  statusOfEnd?(error: Http2Error): CallStatus;
}

/** A call that needs a connection. */
export interface WaitingCall {
  /** Whether the call keeps waiting although attempts to connect fail. */
  readonly waitsForReady: boolean;
  /**
   * Whether the call may begin on a connection that is not established yet. If that fails, so does the call:
   * the peer may have executed it. Default: false.
   */
  readonly mayBeginEarly?: boolean;
  /** Called with a connection that has room for the call. */
  begin(transport: CallTransport): void;
  /** Called if the call gets no connection. */
  fail(status: CallStatus): void;
}

/** Decides on which connection each call of a channel begins. */
export interface CallRouter {
  /** Gives `call` a connection, at once or later, or fails it. Called again for a call that is retried. */
  pick(call: WaitingCall): void;
  /** Removes a call that has ended from the waiting ones. */
  forget(call: WaitingCall): void;
  /** Whether calls may still begin on `transport`. */
  isCurrent(transport: CallTransport): boolean;
  /** Called when a call of the channel starts, before `pick`. */
  callStarted(call: WaitingCall): void;
  /** Called once when a started call has ended. */
  callEnded(call: WaitingCall): void;
}

/** The router of a channel, which closes it when it is closed. */
export interface ChannelRouter extends CallRouter {
  /**
   * State that the channel reports until it is closed. Default: READY, for routers that look for a
   * connection when a call begins.
   */
  readonly connectivity?: Connectivity;
  /** Why there is no connection, if known. */
  readonly lastError?: Error | undefined;
  /** GOAWAY with which the peer ended the last connection; undefined if it ended otherwise. */
  readonly lastGoAway?: GoAway | undefined;
  /** Begins to connect, if the router keeps a connection. */
  connect?(): void;
  /** See `DialChannel.hold`. */
  hold?(ms: number): void;
  /** See `DialChannel.heldMs`. */
  readonly heldMs?: number;
  /** Fails waiting calls, and begins no further calls. Begun calls finish. Idempotent. */
  close(): void;
}
