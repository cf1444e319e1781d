import { withoutStack } from '../wire/index.js';

/** Identifies an error of a session or a stream. Stable across releases. */
export type YamuxErrorCode =
  /**
   * An option is unknown or has an invalid value, or two options contradict each other.
   *
   * gRPC status: none.
   * Remedy: Correct the option that the message names.
   */
  | 'ERR_YAMUX_CONFIG'
  /**
   * The peer violated the protocol; the session has ended.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end does not speak yamux, is faulty, or is hostile: find out what it is. Its
   * connection is closed.
   */
  | 'ERR_YAMUX_PROTOCOL'
  /**
   * The peer sent more than its window allowed, or raised a window above 4294967295 bytes; the session
   * has ended.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Find out what the other end is; its connection is closed.
   */
  | 'ERR_YAMUX_FLOW_CONTROL'
  /**
   * The peer sent too many useless frames or gave up too many streams; the session has ended.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Find out what the other end is; if it is honest, raise `yamux.maxUselessFrames` or
   * `yamux.maxResets`.
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
   * Remedy: The other end is closing; the dialing side connects again by itself.
   */
  | 'ERR_YAMUX_REMOTE_GOAWAY'
  /**
   * The connection ended inside a frame.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The network or the other end broke the connection; the dialing side connects again by
   * itself.
   */
  | 'ERR_YAMUX_UNEXPECTED_EOF'
  /**
   * The session or its connection was closed by either side.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: None if the close was intended; the dialing side connects again by itself.
   */
  | 'ERR_YAMUX_SESSION_CLOSED'
  /**
   * The stream was reset by the peer, by a timeout or for a protocol violation, or was destroyed
   * during a write.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: None if it is rare; otherwise see the log of the other end for a limit that was reached.
   */
  | 'ERR_YAMUX_STREAM_RESET'
  /**
   * All stream ids of this side are used up; open a new session.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Reconnect. A connection of this package has one stream in each direction and never reaches
   * this limit.
   */
  | 'ERR_YAMUX_STREAMS_EXHAUSTED'
  /**
   * The peer did not acknowledge a stream in time; the session has ended.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end hangs or is overloaded; raise `yamux.streamOpenTimeoutMs` if it is only
   * slow.
   */
  | 'ERR_YAMUX_OPEN_TIMEOUT'
  /**
   * The network took no byte for too long; the session has ended.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end or the network hangs. The limit is `yamux.connectionWriteTimeoutMs`, or 15
   * times that while bytes arrive.
   */
  | 'ERR_YAMUX_WRITE_TIMEOUT'
  /**
   * The peer did not answer `ping()` within the write timeout; the session continues.
   *
   * gRPC status: none.
   * Remedy: Only callers of `ping()` see it: the other end is slow to answer.
   */
  | 'ERR_YAMUX_PING_TIMEOUT'
  /**
   * The peer did not answer a keepalive ping; the session has ended.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The connection was dead; the dialing side connects again by itself. If the network is only
   * slow, use gRPC's `keepalive` instead.
   */
  | 'ERR_YAMUX_KEEPALIVE_TIMEOUT';

/** Error of a yamux session or stream. Errors of the socket are passed on unchanged. */
export class YamuxError extends Error {
  /** Name of the class. */
  override readonly name = 'YamuxError';

  /** @param code - identifies the error. */
  constructor(
    readonly code: YamuxErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Creates an error of an end without a stack: orderly ends are frequent, and so are resets of a hostile peer.
 *
 * @internal
 */
export function yamuxError(...args: ConstructorParameters<typeof YamuxError>): YamuxError {
  return withoutStack(() => new YamuxError(...args));
}

/**
 * Creates the error of a session that was closed in order.
 *
 * @internal
 */
export function sessionClosed(): YamuxError {
  return yamuxError('ERR_YAMUX_SESSION_CLOSED', 'the session is closed');
}

/**
 * Creates the error of a stream that was reset.
 *
 * @internal
 */
export function streamReset(message: string): YamuxError {
  return yamuxError('ERR_YAMUX_STREAM_RESET', message);
}
