import { connectivityState, type ChannelInterface } from '@grpc/grpc-js';
import { inRootContext } from '../context/index.js';

/**
 * Tells of every connectivity state that `channel` gets into, until it is closed. The listener runs in
 * the root context, whoever watches.
 *
 * @returns a function that stops it.
 */
export function watchConnectivity(
  channel: ChannelInterface,
  listener: (state: connectivityState) => void,
): () => void {
  let stopped = false;
  let current = channel.getConnectivityState(false);

  const tell = (): void => {
    // The listener may change the state itself, and even close the channel.
    for (;;) {
      const state = channel.getConnectivityState(false);
      if (stopped || state === current) break;
      current = state;
      listener(state);
    }
    watch();
  };
  const watch = (): void => {
    if (stopped || current === connectivityState.SHUTDOWN) return;
    // grpc-js calls it twice if another watcher changes the state before it is its turn.
    let isTold = false;
    channel.watchConnectivityState(current, Infinity, () => {
      if (isTold) return;
      isTold = true;
      tell();
    });
  };
  inRootContext(watch);
  return () => {
    stopped = true;
  };
}
