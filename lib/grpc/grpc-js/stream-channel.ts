import { ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import type { OpenStream } from '../grpc-engine.js';
import { GrpcJsChannel } from './grpc-js-channel.js';
import { localDialTarget } from './local-dial-target.js';
import { UpgradeCredentials } from './upgrade-credentials.js';

/**
 * Creates a grpc-js channel on streams from `open`.
 *
 * grpc-js always dials first and asks its credentials for the connection afterwards. The channel therefore
 * dials a local address, and its credentials replace the connection with a stream.
 */
export function createStreamChannel(open: OpenStream, options: ChannelOptions = {}): GrpcJsChannel {
  const credentials = new UpgradeCredentials(ChannelCredentials.createInsecure(), (dialed) => {
    dialed.destroy();
    return open();
  });
  return new StreamChannel(localDialTarget.hold(), credentials, {
    'grpc.default_authority': 'backchannel',
    ...options,
    // Streams of different peers must never share a pool.
    'grpc.use_local_subchannel_pool': 1,
  });
}

class StreamChannel extends GrpcJsChannel {
  #closed = false;

  override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    super.close();
    localDialTarget.release();
  }
}
