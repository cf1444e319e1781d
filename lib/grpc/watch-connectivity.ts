import { connectivityState, type ChannelInterface } from '@grpc/grpc-js';

/**
 * Tells of every connectivity state that `channel` gets into, until it is closed.
 *
 * @returns a function that stops it.
 */
export function watchConnectivity(
  channel: ChannelInterface,
  listener: (state: connectivityState) => void,
): () => void {
  let stopped = false;
  let current = channel.getConnectivityState(false);

  const watch = (): void => {
    if (current === connectivityState.SHUTDOWN) return;
    channel.watchConnectivityState(current, Infinity, () => {
      if (stopped) return;
      current = channel.getConnectivityState(false);
      listener(current);
      watch();
    });
  };
  watch();
  return () => {
    stopped = true;
  };
}
