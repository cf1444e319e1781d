import type { ChannelOptions } from '@grpc/grpc-js';
import { DEFAULT_HTTP2_OPTIONS, type Http2ConnectionOptions } from '../../http2/index.js';
import {
  connectionSettingsOf,
  keyOfSettings,
  verifyConnectionSettings,
} from '../connection-settings.js';

/** Default of `grpc.max_concurrent_streams`: in-flight calls of a peer. */
const MAX_CONCURRENT_CALLS = 10_000;

/**
 * Size and refill rate of the token bucket for calls that the peer cancels or that are refused. Each call
 * that finishes returns a token. The size is twice the default of in-flight calls. The handler of a call
 * that is cancelled immediately never runs.
 */
const MAX_CANCELS = 2 * MAX_CONCURRENT_CALLS;
const CANCELS_PER_SECOND = 1000;

/**
 * Largest accepted DATA frame, in bytes: a message of 64 KiB fits into one frame, and no frame delays
 * others for long.
 */
const MAX_FRAME_SIZE = 128 * 1024;

/** Headers of gRPC that differ with each call: in the HPACK table they would displace headers that repeat. */
const VARYING_HEADERS = Object.freeze([
  'grpc-message',
  'grpc-retry-pushback-ms',
  'grpc-status-details-bin',
  'grpc-tags-bin',
  'grpc-timeout',
  'grpc-trace-bin',
]);

/** Suffix of binary headers (base64), whose values senders may join with commas. */
const BINARY_SUFFIX = '-bin';

type Http2Options = Readonly<Http2ConnectionOptions>;

/** Limit of the cache. A process uses few combinations; the limit holds if it generates new ones. */
const MAX_KNOWN = 100;
const known = new Map<string, Http2Options>();

/**
 * Derives the HTTP/2 settings of a connection from options of grpc-js. Connections with the same options
 * share one object.
 *
 * @param takesLargeFrames - whether the peer may be this engine, which sends large frames.
 * @throws Http2OptionError naming an option of grpc-js that has a bad value.
 */
export function http2OptionsOf(options: ChannelOptions, takesLargeFrames: boolean): Http2Options {
  const key = `${takesLargeFrames} ${keyOfSettings(options)}`;
  let http2Options = known.get(key);
  if (http2Options === undefined) {
    const settings = connectionSettingsOf(options);
    const { initialWindowSize: window, maxConcurrentStreams = MAX_CONCURRENT_CALLS } = settings;
    http2Options = verifyConnectionSettings({
      varyingHeaders: VARYING_HEADERS,
      listNameSuffix: BINARY_SUFFIX,
      maxResets: MAX_CANCELS,
      resetsPerSecond: CANCELS_PER_SECOND,
      ...(takesLargeFrames && { maxFrameSize: MAX_FRAME_SIZE }),
      ...settings,
      maxConcurrentStreams,
      ...(window !== undefined && fixedWindows(window, maxConcurrentStreams)),
    });
    if (known.size < MAX_KNOWN) known.set(key, http2Options);
  }
  return http2Options;
}

/** Windows of constant size, with room for one per call. */
function fixedWindows(bytes: number, calls: number): Partial<Http2ConnectionOptions> {
  const { maxUnreadBytes } = DEFAULT_HTTP2_OPTIONS;
  const all = Math.min(bytes * calls, Number.MAX_SAFE_INTEGER);
  return {
    initialWindowSize: bytes,
    maxWindowSize: bytes,
    // An invalid value is reported for `initialWindowSize`, not for this option.
    maxUnreadBytes: all > maxUnreadBytes ? all : maxUnreadBytes,
  };
}
