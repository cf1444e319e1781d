import { ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import type { OpenStream } from '../grpc-engine.js';
import { GrpcJsChannel } from './grpc-js-channel.js';
import { localDialTarget } from './local-dial-target.js';
import { UpgradeCredentials } from './upgrade-credentials.js';

/**
 * A grpc-js channel on streams that somebody else opens.
 *
 * grpc-js has no such thing: it dials first and asks its credentials for the connection after. So it
 * is given something to dial, and the credentials swap the connection for a stream.
 */
export function createStreamChannel(open: OpenStream, options: ChannelOptions = {}): GrpcJsChannel {
  const credentials = new UpgradeCredentials(ChannelCredentials.createInsecure(), (dialed) => {
    dialed.destroy();
    return open();
  });
  return new StreamChannel(localDialTarget.hold(), credentials, {
    'grpc.default_authority': 'backchannel',
    ...options,
    // Streams of one peer must never be pooled with those of another.
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
