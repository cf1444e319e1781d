import type { ChannelInterface } from '@grpc/grpc-js';

/**
 * Keeps `channel` connected: connects it now, and again whenever it has lost its connection, with
 * the channel's own backoff. A channel left alone connects only when a call needs it, and stays
 * unreachable for calls from the other end until then. Also keeps the process alive meanwhile, as a
 * listening socket would.
 *
 * @returns a function that stops it; the channel stays open.
 */
export function keepConnected(channel: ChannelInterface): () => void {
  let stopped = false;
  const alive = setInterval(() => {}, 2 ** 31 - 1);

  const watch = (): void => {
    if (stopped) return;
    try {
      channel.watchConnectivityState(channel.getConnectivityState(true), Infinity, watch);
    } catch {
      stop(); // The channel was closed.
    }
  };
  const stop = (): void => {
    stopped = true;
    clearInterval(alive);
  };

  watch();
  return stop;
}
