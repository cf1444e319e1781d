import type { ChannelOptions } from '@grpc/grpc-js';
import type { Http2ConnectionOptions } from '../../http2/index.js';

/** Calls that a peer may have under way at once, unless `grpc.max_concurrent_streams` says otherwise. */
const MAX_CONCURRENT_CALLS = 10_000;

/** The settings of a connection, out of the options of grpc-js that are about it. */
export function http2OptionsOf(options: ChannelOptions): Partial<Http2ConnectionOptions> {
  const window = options['grpc-node.flow_control_window'];
  const maxMetadataSize = options['grpc.max_metadata_size'] as number | undefined;
  return {
    maxConcurrentStreams: options['grpc.max_concurrent_streams'] ?? MAX_CONCURRENT_CALLS,
    ...(window !== undefined && { initialWindowSize: window, maxWindowSize: window }),
    ...(maxMetadataSize !== undefined && { maxHeaderListSize: maxMetadataSize }),
  };
}
