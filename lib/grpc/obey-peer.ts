import { connectivityState } from '@grpc/grpc-js';
import { decisionIn, refusalOf } from './closed-by-decision.js';
import type { DialChannel } from './grpc-engine.js';
import { watchConnectivity } from './watch-connectivity.js';

/**
 * Obeys the other end of `channel`: when it closes the connection, or refuses one, and says for how long this
 * side is to stay away, holds the channel for that time, at most 24 hours. `channel.hold(0)` overrides it.
 *
 * Must be called before other watchers of the channel are added that react to the end of a connection. A
 * refusal is obeyed only if the engine reports failed attempts (`onFailedAgain`): grpc-js does not stop its
 * own attempts.
 *
 * @returns a function that stops it.
 */
export function obeyPeer(channel: DialChannel): () => void {
  let isStopped = false;
  let wasReady = channel.getConnectivityState(false) === connectivityState.READY;
  const onRefusal = (): void => {
    if (isStopped) return;
    const ms = refusalOf(channel)?.reconnectAfterMs;
    // Other watchers get the failed state first.
    if (ms !== undefined) queueMicrotask(() => channel.hold?.(ms));
  };
  const stop = watchConnectivity(channel, (state) => {
    if (wasReady && state !== connectivityState.READY) {
      const ms = channel.lastGoAway && decisionIn(channel.lastGoAway)?.reconnectAfterMs;
      if (ms !== undefined) channel.hold?.(ms);
    }
    wasReady = state === connectivityState.READY;
    if (state === connectivityState.TRANSIENT_FAILURE && channel.onFailedAgain) onRefusal();
  });
  channel.onFailedAgain?.(() => onRefusal());
  return () => {
    isStopped = true;
    stop();
  };
}
