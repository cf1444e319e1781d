import { ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import type { OpenStream } from '../grpc-engine.js';
import { toOpened } from '../opened-connection.js';
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
  const closed = new AbortController();
  const insecure = ChannelCredentials.createInsecure();
  const credentials = new UpgradeCredentials(insecure, async (dialed) => {
    dialed.destroy();
    const { stream } = toOpened(await open(closed.signal));
    if (closed.signal.aborted) stream.destroy();
    return stream;
  });
  const allOptions = {
    'grpc.default_authority': 'backchannel',
    ...options,
    // Streams of different peers must never share a pool.
    'grpc.use_local_subchannel_pool': 1,
  };
  return new StreamChannel(localDialTarget.hold(), credentials, allOptions, closed);
}

class StreamChannel extends GrpcJsChannel {
  readonly #closed: AbortController;

  /** @param closed - aborted by `close()`. */
  constructor(
    target: string,
    credentials: ChannelCredentials,
    options: ChannelOptions,
    closed: AbortController,
  ) {
    super(target, credentials, options);
    this.#closed = closed;
  }

  override close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(new Error('the channel was closed'));
    super.close();
    localDialTarget.release();
  }
}
