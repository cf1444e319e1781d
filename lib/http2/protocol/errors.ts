import { withoutStack } from '../../wire/index.js';

/** Scope of an error: `stream` ends one stream, `connection` ends all of them (RFC 9113, 5.4). */
export type Http2ErrorScope = 'stream' | 'connection';

/**
 * Error of a stream or a connection: a violation, an exceeded limit, or an error of the peer. `http2Code`
 * is the code of RST_STREAM or GOAWAY.
 */
export class Http2Error extends Error {
  override readonly name = 'Http2Error';
  /**
   * A rule of HTTP/2 was violated, a limit was exceeded, or the peer ended the stream or the connection;
   * `http2Code` says which.
   *
   * gRPC status: by `http2Code`, see [troubleshooting](troubleshooting.md#http2-errors).
   * Remedy: See [limits](limits.md) if the message names a limit; otherwise, examine the peer.
   */
  readonly code = 'ERR_HTTP2';

  constructor(
    readonly scope: Http2ErrorScope,
    /** One of `ErrorCode`, or any other number that the peer has sent. */
    readonly http2Code: number,
    message: string,
    /** Whether the peer reported the error; if not, this side detected it. */
    readonly remote = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Creates an error that a peer has caused, without a stack: capturing one takes several times as long as
 * the rest of a stream that is opened and reset at once, and shows only the frame reader.
 *
 * @internal
 */
export function http2Error(...args: ConstructorParameters<typeof Http2Error>): Http2Error {
  return withoutStack(() => new Http2Error(...args));
}

/** An option of a connection is unknown or has a bad value. */
export class Http2OptionError extends RangeError {
  override readonly name = 'Http2OptionError';
  /**
   * An option of a connection is unknown or has a bad value.
   *
   * gRPC status: none.
   * Remedy: Correct the option that the message names.
   */
  readonly code = 'ERR_HTTP2_OPTION';

  constructor(
    /** Name of the option. */
    readonly option: string,
    problem: string,
  ) {
    super(`HTTP/2 option "${option}" ${problem}`);
  }
}
