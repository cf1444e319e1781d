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

/** Settings of sessions on yamux-js; all may be left out. Both ends choose theirs alone. */
export interface YamuxJsOptions {
  /**
   * Longest payload of one frame that is collected for yamux-js, in bytes; a frame that announces
   * more ends the session. From 65536, which is what this factory sends, to 262144, which is the
   * window of a stream: nobody may send more in one piece. Default 262144.
   */
  maxFrameSize?: number;
  /**
   * Streams open at once, those of both ends together; what the other end opens beyond them is
   * reset. A backchannel uses two. At least 1. Default 256.
   */
  maxStreams?: number;
  /**
   * Milliseconds that `close()` waits while the peer takes nothing: first for what was written, then
   * for the socket. At least 1. Default 10000.
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
 * A `SessionFactory` that runs sessions on the npm package yamux-js instead of this library's own
 * yamux. For connections with JavaScript at both ends: this factory, or at one of them the default one.
 * Go peers are what the default is for; with them nothing here is promised.
 *
 * - Needs the package `yamux-js`, an optional peer dependency: `npm install yamux-js@0.2`. Importing
 *   this module without it fails, and says so.
 * - yamux-js is given exactly one whole frame at a time, and only flags that it understands; end,
 *   reset, acknowledgement, backpressure and errors are seen to around it.
 * - Windows are 262144 bytes per stream, as a frame of a whole window may have to be collected: one
 *   stream carries at most 262144 bytes per round trip.
 * - Memory per stream: what the window allows to wait for the reader, 262144 bytes; per session: one
 *   frame of `maxFrameSize` that is still incomplete, and at most 1 MiB for a peer that does not read.
 * - No keepalive and no write timeout: have gRPC's keepalive find dead connections.
 * - Every error is told by `closed` of the session or by the stream; nothing is logged, and no timer
 *   outlives the session.
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
