/** What went wrong in a session or on a stream; stable across releases. */
export type YamuxErrorCode =
  /**
   * An option has a value that cannot work.
   *
   * gRPC status: none.
   * Remedy: Correct the option that the message names.
   */
  | 'ERR_YAMUX_CONFIG'
  /**
   * The peer broke the protocol; the session is over.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end is no yamux, a broken one, or hostile: see what dials. Its connection is closed.
   */
  | 'ERR_YAMUX_PROTOCOL'
  /**
   * The peer sent more than its window allowed; the session is over.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: See what dials; its connection is closed.
   */
  | 'ERR_YAMUX_FLOW_CONTROL'
  /**
   * The peer sent far more than it had a use for, frames or streams given up; the session is over.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: See what dials; if it is honest, raise `yamux.maxUselessFrames` or `yamux.maxResets`.
   */
  | 'ERR_YAMUX_FLOOD'
  /**
   * The peer ended the session with a GoAway that reports an error.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: See the log of the other end.
   */
  | 'ERR_YAMUX_REMOTE_ERROR'
  /**
   * The peer accepts no new streams on this session.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end is closing; the dialing side makes a new connection by itself.
   */
  | 'ERR_YAMUX_REMOTE_GOAWAY'
  /**
   * The connection ended inside a frame.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The network or the other end broke the connection; the dialing side makes a new one by itself.
   */
  | 'ERR_YAMUX_UNEXPECTED_EOF'
  /**
   * The session is closed, by either side.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Nothing where either side closes; the dialing side makes a new connection by itself.
   */
  | 'ERR_YAMUX_SESSION_CLOSED'
  /**
   * The peer, or a timeout, reset the stream.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Nothing if it is rare; else see the log of the other end for a limit that was reached.
   */
  | 'ERR_YAMUX_STREAM_RESET'
  /**
   * All stream ids of this side are used up; open a new session.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Reconnect. A connection of this package has one stream for each direction and never comes there.
   */
  | 'ERR_YAMUX_STREAMS_EXHAUSTED'
  /**
   * The peer did not acknowledge a stream in time; the session is over.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end is stuck or overloaded; `yamux.streamOpenTimeoutMs` if it is only slow.
   */
  | 'ERR_YAMUX_OPEN_TIMEOUT'
  /**
   * Nothing can be sent to the peer any more; the session is over.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end or the network hangs: it took no byte for `yamux.connectionWriteTimeoutMs`.
   */
  | 'ERR_YAMUX_WRITE_TIMEOUT'
  /**
   * The peer did not answer `ping()` within the write timeout; the session goes on.
   *
   * gRPC status: none.
   * Remedy: Only who calls `ping()` sees it: the other end is slow to answer.
   */
  | 'ERR_YAMUX_PING_TIMEOUT'
  /**
   * The peer did not answer a keepalive ping; the session is over.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The connection was dead; the dialing side makes a new one by itself. `keepalive` if the network
   * is only slow.
   */
  | 'ERR_YAMUX_KEEPALIVE_TIMEOUT';

/** Every error that this room raises itself; errors of the socket are passed on as they are. */
export class YamuxError extends Error {
  /** The name of its class. */
  override readonly name = 'YamuxError';

  /** @param code - what went wrong, to tell errors apart. */
  constructor(
    readonly code: YamuxErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The error of a stream that was reset. It has no stack: that would only show how frames are read, and
 * cost five times as much as all else that a stream costs which is opened and reset at once.
 *
 * @internal
 */
export function streamReset(message: string): YamuxError {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const error = new YamuxError('ERR_YAMUX_STREAM_RESET', message);
  Error.stackTraceLimit = limit;
  return error;
}
