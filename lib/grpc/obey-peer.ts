import { connectivityState } from '@grpc/grpc-js';
import { decisionIn, refusalOf } from './closed-by-decision.js';
import type { DialChannel } from './grpc-engine.js';
import type { TextOfDecision } from './reconnect-advice.js';
import { watchConnectivity } from './watch-connectivity.js';

/**
 * Obeys the other end of `channel`: when it closes the connection, or refuses one, and says for how long this
 * side is to stay away, holds the channel for that time, at most 24 hours. `channel.hold(0)` overrides it,
 * and so does a connection that is made nevertheless.
 *
 * Must be called before other watchers of the channel are added that react to the end of a connection. A
 * refusal is obeyed only if the engine reports failed attempts (`onFailedAgain`): grpc-js does not stop its
 * own attempts.
 *
 * @returns a function that stops it.
 */
export function obeyPeer(channel: DialChannel): () => void {
  let isStopped = false;
  let isObeying = false;
  let wasReady = channel.getConnectivityState(false) === connectivityState.READY;
  const obey = (decision: TextOfDecision | undefined): void => {
    const ms = decision?.reconnectAfterMs ?? 0;
    // 0 would end a hold of the application.
    if (ms === 0) return;
    channel.hold?.(ms);
    isObeying = true;
  };
  const onReady = (): void => {
    if (isObeying) channel.hold?.(0);
    isObeying = false;
  };
  const stop = watchConnectivity(channel, (state) => {
    const isEnd = wasReady && state !== connectivityState.SHUTDOWN;
    wasReady = state === connectivityState.READY;
    if (wasReady) onReady();
    else if (isEnd) obey(channel.lastGoAway && decisionIn(channel.lastGoAway));
    else if (state === connectivityState.TRANSIENT_FAILURE && channel.onFailedAgain) {
      obey(refusalOf(channel));
    }
  });
  channel.onFailedAgain?.(() => {
    if (!isStopped) obey(refusalOf(channel));
  });
  return () => {
    isStopped = true;
    stop();
  };
}
