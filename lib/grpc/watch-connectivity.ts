import { connectivityState, type ChannelInterface } from '@grpc/grpc-js';
import { inRootContext } from '../context/index.js';

/**
 * Calls `listener` with each new connectivity state of `channel`, until the channel is closed. The listener
 * always runs in the root context.
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
    // The listener may change the state, or close the channel.
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
    // grpc-js calls the callback twice if a watcher that runs before it changes the state.
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
