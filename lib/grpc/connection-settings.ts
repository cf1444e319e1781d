import { verifyHttp2Options, type Http2ConnectionOptions } from '../http2/index.js';

/** Options of gRPC that set an option of HTTP/2, by the name of the latter. */
const GRPC_NAMES = {
  maxConcurrentStreams: 'grpc.max_concurrent_streams',
  initialWindowSize: 'grpc-node.flow_control_window',
  maxHeaderListSize: 'grpc.max_metadata_size',
} as const;

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
