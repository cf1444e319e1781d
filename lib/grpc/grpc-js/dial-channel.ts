import { connectivityState, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import type { DialChannel, Upgrade } from '../grpc-engine.js';
import { HoldableChannel } from './holdable-channel.js';
import { LatestGoAway } from './latest-go-away.js';
import { watchConnectivity } from '../watch-connectivity.js';
import { UpgradeCredentials } from './upgrade-credentials.js';

/**
 * Creates a channel of grpc-js that dials `target` itself. Has a `lastGoAway`, and as `lastError` the error of
 * the last attempt or connection that has reached the other end: failures to dial remain in grpc-js.
 */
export function createDialChannel(
  target: string,
  credentials: ChannelCredentials,
  upgrade: Upgrade,
  options: ChannelOptions = {},
): DialChannel {
  const goAways = new LatestGoAway();
  let lastError: Error | undefined;
  const listening: Upgrade = async (socket) => {
    const stream = await upgrade(socket);
    goAways.follow(stream);
    return stream;
  };
  const channel = new HoldableChannel(
    target,
    new UpgradeCredentials(credentials, listening, (error) => (lastError = error)),
    options,
  );
  watchConnectivity(channel, (state) => {
    if (state === connectivityState.CONNECTING || state === connectivityState.READY) {
      lastError = undefined;
    }
    if (state === connectivityState.CONNECTING) goAways.attemptBegins();
    else if (state === connectivityState.TRANSIENT_FAILURE) goAways.attemptFails();
  });
  return Object.defineProperties(channel, {
    lastGoAway: { get: () => goAways.value },
    lastError: { get: () => lastError },
  });
}
