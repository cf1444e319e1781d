import type { SessionFactory } from '../backchannel/index.js';
import {
  milliseconds,
  OptionError,
  verifyOptions,
  wholeNumber,
  type Rules,
} from '../options/index.js';
import { INITIAL_WINDOW, YamuxError } from '../yamux/index.js';
import { MAX_SENT_PAYLOAD } from './yamux-js-stream.js';
import { YamuxJsSession } from './yamux-js-session.js';

/** Options of sessions on yamux-js; all are optional. The two ends need not have equal values. */
export interface YamuxJsOptions {
  /**
   * Maximum payload of a received frame, in bytes; a longer frame ends the session. Range: 65536 (the
   * maximum that this factory sends) to 262144 (the window of a stream, which no frame may exceed). Default
   * 262144.
   */
  maxFrameSize?: number;
  /**
   * Maximum number of open streams, those of both ends together; streams that the peer opens beyond it
   * are reset. A backchannel uses two. At least 1. Default 256.
   */
  maxStreams?: number;
  /**
   * Time limit of each step of `close()`, in milliseconds since the last progress: first, written data
   * leaves the streams; then the socket sends its output. At least 1. Default 10000.
   */
  closeTimeoutMs?: number;
}

const DEFAULT_OPTIONS: Readonly<Required<YamuxJsOptions>> = Object.freeze({
  maxFrameSize: INITIAL_WINDOW,
  maxStreams: 256,
  closeTimeoutMs: 10_000,
});

const RULES: Rules<YamuxJsOptions> = {
  maxFrameSize: wholeNumber(MAX_SENT_PAYLOAD, INITIAL_WINDOW),
  maxStreams: wholeNumber(1, 2 ** 31 - 1),
  closeTimeoutMs: milliseconds(1),
};

/**
 * A `SessionFactory` on the npm package yamux-js instead of this library's own yamux. For connections
 * with JavaScript at both ends: the other end uses this factory or the default one. Go peers are not
 * supported; use the default factory for them.
 *
 * - Needs the package `yamux-js`, an optional peer dependency: `npm install yamux-js@0.2`. Importing
 *   this module without the package throws `ERR_MODULE_NOT_FOUND`.
 * - yamux-js gets exactly one whole frame at a time, with only the flags that it understands. This factory
 *   implements end, reset, acknowledgement, backpressure and errors itself.
 * - The window is 262144 bytes per stream, because a frame of a whole window may have to be buffered. One
 *   stream carries at most 262144 bytes per round trip.
 * - Memory per stream: at most 262144 bytes that wait for the reader. Memory per session: one incomplete
 *   frame of at most `maxFrameSize`, and at most 1 MiB of output for a peer that does not read.
 * - No keepalive and no write timeout: use gRPC's keepalive to detect dead connections.
 * - `closed` of the session or the stream reports every error. Nothing is logged, and no timer outlives
 *   the session.
 *
 * @throws YamuxError `ERR_YAMUX_CONFIG` naming a bad option.
 */
export function yamuxJsSessionFactory(options: YamuxJsOptions = {}): SessionFactory {
  const verified = { ...DEFAULT_OPTIONS, ...verifyGiven(options) };
  return (socket, role) => new YamuxJsSession(socket, role, verified);
}

function verifyGiven(options: YamuxJsOptions): YamuxJsOptions {
  try {
    return verifyOptions('yamuxJsSessionFactory', RULES, options);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new YamuxError('ERR_YAMUX_CONFIG', error.message, { cause: error });
  }
}
