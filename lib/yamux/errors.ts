/** What went wrong in a session or on a stream; stable across releases. */
export type YamuxErrorCode =
  /** An option has a value that cannot work. */
  | 'ERR_YAMUX_CONFIG'
  /** The peer broke the protocol; the session is over. */
  | 'ERR_YAMUX_PROTOCOL'
  /** The peer sent more than its window allowed; the session is over. */
  | 'ERR_YAMUX_FLOW_CONTROL'
  /** The peer sent far more than it had a use for: frames, or streams given up; the session is over. */
  | 'ERR_YAMUX_FLOOD'
  /** The peer ended the session with a GoAway that reports an error. */
  | 'ERR_YAMUX_REMOTE_ERROR'
  /** The peer accepts no new streams on this session. */
  | 'ERR_YAMUX_REMOTE_GOAWAY'
  /** The connection ended inside a frame. */
  | 'ERR_YAMUX_UNEXPECTED_EOF'
  /** The session is closed, by either side. */
  | 'ERR_YAMUX_SESSION_CLOSED'
  /** The peer, or a timeout, reset the stream. */
  | 'ERR_YAMUX_STREAM_RESET'
  /** All stream ids of this side are used up; open a new session. */
  | 'ERR_YAMUX_STREAMS_EXHAUSTED'
  /** The peer did not acknowledge a stream in time; the session is over. */
  | 'ERR_YAMUX_OPEN_TIMEOUT'
  /** The peer stopped reading; the session is over. */
  | 'ERR_YAMUX_WRITE_TIMEOUT'
  /** The peer did not answer `ping()` within the write timeout; the session goes on. */
  | 'ERR_YAMUX_PING_TIMEOUT'
  /** The peer did not answer a keepalive ping; the session is over. */
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
