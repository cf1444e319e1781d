import type { ChannelOptions } from '@grpc/grpc-js';
import {
  DEFAULT_HTTP2_OPTIONS,
  verifyHttp2Options,
  type Http2ConnectionOptions,
} from '../../http2/index.js';

/** Calls that a peer may have under way at once, unless `grpc.max_concurrent_streams` says otherwise. */
const MAX_CONCURRENT_CALLS = 10_000;

/**
 * Calls that a peer may cancel at once, and per second, beyond those that it lets finish: all that it
 * may have under way, twice. A handler whose call is cancelled at once never runs.
 */
const MAX_CANCELS = 2 * MAX_CONCURRENT_CALLS;
const CANCELS_PER_SECOND = 1000;

/**
 * Longest DATA frame that is taken, in bytes: messages of 64 KiB come as one, and none keeps others
 * waiting for long.
 */
const MAX_FRAME_SIZE = 128 * 1024;

/** Headers of gRPC that are others with each call: in a table they would only drive out what comes again. */
const VARYING_HEADERS = Object.freeze([
  'grpc-message',
  'grpc-retry-pushback-ms',
  'grpc-status-details-bin',
  'grpc-tags-bin',
  'grpc-timeout',
  'grpc-trace-bin',
]);

/** Names of headers with bytes, in base64, whose values senders may join with commas. */
const BINARY_SUFFIX = '-bin';

type Http2Options = Readonly<Http2ConnectionOptions>;

/** A few kinds of connection at most; a process that makes up ever new ones does not fill it. */
const MAX_KNOWN = 100;
const known = new Map<string, Http2Options>();

/**
 * The settings of a connection, out of the options of grpc-js that are about it. Connections with the
 * same ones share the object: there may be many.
 *
 * @param takesLargeFrames - whether the other end may be this engine, which makes use of them.
 * @throws Http2OptionError naming a bad one.
 */
export function http2OptionsOf(options: ChannelOptions, takesLargeFrames: boolean): Http2Options {
  const maxCalls = options['grpc.max_concurrent_streams'];
  const window = options['grpc-node.flow_control_window'];
  const maxMetadataSize = options['grpc.max_metadata_size'] as number | undefined;
  const key = [takesLargeFrames, maxCalls, window, maxMetadataSize].join();
  let http2Options = known.get(key);
  if (http2Options === undefined) {
    http2Options = verifyHttp2Options({
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

/** Windows that neither grow nor shrink, with room for one of each call. */
function fixedWindows(bytes: number, calls: number): Partial<Http2ConnectionOptions> {
  const { maxUnreadBytes } = DEFAULT_HTTP2_OPTIONS;
  const all = Math.min(bytes * calls, Number.MAX_SAFE_INTEGER);
  return {
    initialWindowSize: bytes,
    maxWindowSize: bytes,
    // A bad value is named by the option that it is in, not by this one.
    maxUnreadBytes: all > maxUnreadBytes ? all : maxUnreadBytes,
  };
}
