import { connectivityState } from '@grpc/grpc-js';
import { inRootContext } from '../context/index.js';
import { MAX_TIMEOUT_MS, objectWith, verifyArgument } from '../options/index.js';
import { decisionIn } from './closed-by-decision.js';
import type { DialChannel } from './grpc-engine.js';
import { obeyPeer } from './obey-peer.js';
import { watchConnectivity } from './watch-connectivity.js';

/** Milliseconds after which a connection no longer counts as short-lived. */
const LASTING_MS = 1000;
/** Longest pause after short-lived connections, in milliseconds. */
const MAX_PAUSE_MS = 30_000;
/** Default of `lossPauseMs`: equal to the first limit of gRPC's connection backoff. */
const DEFAULT_LOSS_PAUSE_MS = 1000;

const CHANNEL_RULE = objectWith('a channel, such as that of ClientHandshaker.createChannel', [
  'getConnectivityState',
  'watchConnectivityState',
]);

/** Error code NO_ERROR of HTTP/2. */
const IN_ORDER = 0;

/**
 * Keeps `channel` connected: connects it now, and again after each loss of the connection, with the backoff
 * of the channel. Otherwise a channel connects only when a call needs it, and the peer cannot call this
 * side until then.
 *
 * After a GOAWAY with NO_ERROR the next connection is made at once, so that it exists before the old one
 * ends. If the connection was lost without such a GOAWAY, or the peer closed it by decision
 * (`peer.close()`), all clients of that server may have lost theirs at the same moment. To spread their
 * attempts, each one first waits a random time of up to `lossPauseMs`. After connections that last less
 * than a second the pause grows up to 30 seconds, whatever the reason. A call does not wait for these
 * pauses: it makes the channel connect at once.
 *
 * @param keepsAlive - whether to keep the process alive meanwhile, as a listening socket does.
 * @param lossPauseMs - longest pause after a loss, in milliseconds. Default 1000.
 * @param obeysPeer - whether to stay away for as long as the peer says when it closes the connection or
 * refuses one (`peer.close({ reconnectAfterMs })`), at most 24 hours. Default true.
 * @returns a function that stops it; the channel stays open.
 * @throws OptionError if `channel` is not a channel.
 */
export function keepConnected(
  channel: DialChannel,
  keepsAlive = true,
  lossPauseMs = DEFAULT_LOSS_PAUSE_MS,
  obeysPeer = true,
): () => void {
  verifyArgument('keepConnected', 'first argument', CHANNEL_RULE, channel);
  const alive = keepsAlive ? inRootContext(() => setInterval(() => {}, MAX_TIMEOUT_MS)) : undefined;
  let pause: NodeJS.Timeout | undefined;
  // Before the watcher below, which needs to know for how long.
  const stopObeying = obeysPeer ? obeyPeer(channel) : undefined;
  let connectedAt = 0;
  let shortLived = 0;

  const connect = (): void => {
    channel.getConnectivityState(true);
  };
  const connectIn = (ms: number): void => {
    pause = setTimeout(() => {
      const { heldMs = 0 } = channel;
      // This timer may be earlier than that of the hold, and the hold may be a new one.
      if (heldMs > 0) connectIn(heldMs);
      else connect();
    }, ms);
    if (!keepsAlive) pause.unref();
  };
  const reconnect = (): void => {
    clearTimeout(pause); // A call may have connected the channel meanwhile.
    shortLived = Date.now() - connectedAt < LASTING_MS ? shortLived + 1 : 0;
    const limitMs = Math.max(wasLost(channel) ? lossPauseMs : 0, reconnectPause(shortLived));
    const { heldMs = 0 } = channel;
    if (limitMs === 0 && heldMs === 0) return connect();
    connectIn(heldMs + Math.random() * limitMs);
  };
  const stopWatching = watchConnectivity(channel, (state) => {
    if (state === connectivityState.READY) connectedAt = Date.now();
    else if (state === connectivityState.IDLE) reconnect();
    else if (state === connectivityState.SHUTDOWN) stop();
  });
  const stop = (): void => {
    stopWatching();
    stopObeying?.();
    clearTimeout(pause);
    clearInterval(alive);
  };

  connect();
  return stop;
}

/** Whether the last connection ended without a request of the peer to make a new one. */
function wasLost(channel: DialChannel): boolean {
  if (!('lastGoAway' in channel)) return false;
  const { lastGoAway } = channel;
  return lastGoAway?.code !== IN_ORDER || decisionIn(lastGoAway) !== undefined;
}

/** Longest pause before the next connection, in milliseconds, after a number of short-lived ones in a row. */
function reconnectPause(shortLived: number): number {
  return shortLived === 0 ? 0 : Math.min(MAX_PAUSE_MS, 250 * 2 ** shortLived);
}
