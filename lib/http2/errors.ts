/** How far an error reaches: `stream` ends one stream, `connection` all of them (RFC 9113, 5.4). */
export type Http2ErrorScope = 'stream' | 'connection';

/** A violation, a limit, or the word of the peer; `http2Code` is what RST_STREAM or GOAWAY carry. */
export class Http2Error extends Error {
  override readonly name = 'Http2Error';
  /**
   * A rule of HTTP/2 was broken, a limit exceeded, or the other end ended the stream or the connection; `http2Code` says which.
   *
   * gRPC status: by `http2Code`, see [troubleshooting](troubleshooting.md#http2-errors).
   * Remedy: See [limits](limits.md) if the message names one; else what is at the other end.
   */
  readonly code = 'ERR_HTTP2';

  constructor(
    readonly scope: Http2ErrorScope,
    /** See `ErrorCode`; peers may send numbers that are none of them. */
    readonly http2Code: number,
    message: string,
    /** Whether the peer said so, rather than this side. */
    readonly remote = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * An error that comes of what a peer does. It has no stack, which would only show how frames are read,
 * and take several times as long as all else that a stream takes which is opened and reset at once.
 *
 * @internal
 */
export function http2Error(...args: ConstructorParameters<typeof Http2Error>): Http2Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const error = new Http2Error(...args);
  Error.stackTraceLimit = limit;
  return error;
}

/** An option of a connection that cannot work. */
export class Http2OptionError extends RangeError {
  override readonly name = 'Http2OptionError';
  /**
   * An option of a connection cannot work.
   *
   * gRPC status: none.
   * Remedy: Correct the option that the message names.
   */
  readonly code = 'ERR_HTTP2_OPTION';

  constructor(
    /** Its name. */
    readonly option: string,
    problem: string,
  ) {
    super(`HTTP/2 option "${option}" ${problem}`);
  }
}
