import type { ChannelOptions } from '@grpc/grpc-js';
import { DEFAULT_HTTP2_OPTIONS, type Http2ConnectionOptions } from '../../http2/index.js';
import { verifyConnectionSettings } from '../connection-settings.js';

/** Default of `grpc.max_concurrent_streams`: in-flight calls of a peer. */
const MAX_CONCURRENT_CALLS = 10_000;

/**
 * Calls that a peer may cancel at once, and per second, in excess of those that it lets finish: twice the
 * default of in-flight calls. The handler of a call that is cancelled at once never runs.
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
  const maxCalls = options['grpc.max_concurrent_streams'];
  const window = options['grpc-node.flow_control_window'];
  const maxMetadataSize = options['grpc.max_metadata_size'] as number | undefined;
  const key = [takesLargeFrames, maxCalls, window, maxMetadataSize].map(typeAndText).join();
  let http2Options = known.get(key);
  if (http2Options === undefined) {
    http2Options = verifyConnectionSettings({
      varyingHeaders: VARYING_HEADERS,
      listNameSuffix: BINARY_SUFFIX,
      maxResets: MAX_CANCELS,
      resetsPerSecond: CANCELS_PER_SECOND,
      maxConcurrentStreams: maxCalls ?? MAX_CONCURRENT_CALLS,
      ...(takesLargeFrames && { maxFrameSize: MAX_FRAME_SIZE }),
      ...(window !== undefined && fixedWindows(window, maxCalls ?? MAX_CONCURRENT_CALLS)),
      ...(maxMetadataSize !== undefined && { maxHeaderListSize: maxMetadataSize }),
    });
    if (known.size < MAX_KNOWN) known.set(key, http2Options);
  }
  return http2Options;
}

/** A text that differs for each value: the number 1 and the text '1' are not the same option. */
function typeAndText(value: unknown): string {
  return `${typeof value} ${String(value)}`;
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
