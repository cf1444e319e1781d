import type { ChannelOptions } from '@grpc/grpc-js';
import { verifyHttp2Options, type Http2ConnectionOptions } from '../http2/index.js';

/**
 * The one table of gRPC options that set an option of HTTP/2, by the name of the latter. `npm run
 * docs:options` writes the doc blocks into docs/options.md.
 */
export const GRPC_NAMES = {
  /**
   * Calls that the other end may have in flight on a connection. Further calls wait at their caller, or are
   * refused and retried.
   */
  maxConcurrentStreams: 'grpc.max_concurrent_streams',
  /**
   * Receive window of a call, in bytes: how far the other end may send ahead of the reading application. A
   * value that is set is the constant size of all windows; the default grows for a fast reader on a long
   * link.
   */
  initialWindowSize: 'grpc-node.flow_control_window',
  /**
   * Largest accepted headers or trailers of a call, in bytes: names and values, decompressed, plus 32 for
   * each header. The call ends with RESOURCE_EXHAUSTED if they are larger. Same as `maxMetadataSize`.
   */
  maxHeaderListSize: 'grpc.max_metadata_size',
} as const;

/** Options of HTTP/2 that options of gRPC set. */
export type ConnectionSettings = { [Name in keyof typeof GRPC_NAMES]?: number };

/** Returns the HTTP/2 options that are set in `options`, not verified. */
export function connectionSettingsOf(options: ChannelOptions): ConnectionSettings {
  const settings: Record<string, unknown> = {};
  for (const [name, grpcName] of Object.entries(GRPC_NAMES)) {
    const value: unknown = options[grpcName];
    if (value !== undefined) settings[name] = value;
  }
  return settings;
}

const NAMES = Object.values(GRPC_NAMES);

/** Returns a text that is the same for all options with the same values of these settings, for a cache. */
export function keyOfSettings(options: ChannelOptions): string {
  let key = '';
  for (const name of NAMES) {
    if (options[name] === undefined) continue;
    const value: unknown = options[name];
    // With the type: the number 1 and the text '1' are not the same value.
    key += `${name} ${typeof value} ${String(value)},`;
  }
  return key;
}

/**
 * Same as `verifyHttp2Options`, but errors name the options of gRPC.
 *
 * @throws Http2OptionError naming the first option with a bad value.
 */
export function verifyConnectionSettings(
  options: Partial<Http2ConnectionOptions>,
): Readonly<Http2ConnectionOptions> {
  return verifyHttp2Options(options, GRPC_NAMES);
}
