import { connectivityState } from '@grpc/grpc-js';
import { inRootContext } from '../context/index.js';
import { MAX_TIMEOUT_MS } from '../options/index.js';
import { decisionIn } from './closed-by-decision.js';
import type { DialChannel } from './grpc-engine.js';
import { watchConnectivity } from './watch-connectivity.js';

/** Milliseconds that a connection must have lasted for the next one not to be held back for it. */
const LASTING_MS = 1000;
/** Milliseconds of the longest pause between connections that do not last. */
const MAX_PAUSE_MS = 30_000;
/** Milliseconds; the first limit of gRPC's backoff, too. */
const DEFAULT_LOSS_PAUSE_MS = 1000;

/** NO_ERROR of HTTP/2. */
const IN_ORDER = 0;

/**
 * Keeps `channel` connected: connects it now, and again whenever it has lost its connection, with
 * the channel's own backoff. A channel left alone connects only when a call needs it, and stays
 * unreachable for calls from the other end until then.
 *
 * Where the other end said by GOAWAY that it goes, the next connection is made at once: it is to be
 * there before the old one is gone. Where the connection was closed by decision, or lost without a word, all clients of that
 * server have lost theirs in the same instant, and would be at the next one's door together: each waits
 * any time up to `lossPauseMs` first. Connections that end as soon as they are made are made ever more
 * slowly, whatever was said. No call waits for any of these pauses: it has the channel connect at once.
 *
 * @param keepsAlive - whether it keeps the process alive meanwhile, as a listening socket would.
 * @param lossPauseMs - limit of the pause after a loss, in milliseconds. Default 1000.
 * @returns a function that stops it; the channel stays open.
 */
export function keepConnected(
  channel: DialChannel,
  keepsAlive = true,
  lossPauseMs = DEFAULT_LOSS_PAUSE_MS,
): () => void {
  const alive = keepsAlive ? inRootContext(() => setInterval(() => {}, MAX_TIMEOUT_MS)) : undefined;
  let pause: NodeJS.Timeout | undefined;
  let connectedAt = 0;
  let shortLived = 0;

  const connect = (): void => {
    channel.getConnectivityState(true);
  };
  const reconnect = (): void => {
    clearTimeout(pause); // A call may have connected it meanwhile.
    shortLived = Date.now() - connectedAt < LASTING_MS ? shortLived + 1 : 0;
    const limitMs = Math.max(wasLost(channel) ? lossPauseMs : 0, pauseBetween(shortLived));
    if (limitMs === 0) return connect();
    pause = setTimeout(connect, Math.random() * limitMs);
    if (!keepsAlive) pause.unref();
  };
  const stopWatching = watchConnectivity(channel, (state) => {
    if (state === connectivityState.READY) connectedAt = Date.now();
    else if (state === connectivityState.IDLE) reconnect();
    else if (state === connectivityState.SHUTDOWN) stop();
  });
  const stop = (): void => {
    stopWatching();
    clearTimeout(pause);
    clearInterval(alive);
  };

  connect();
  return stop;
}

/** Whether the last connection ended without the other end having asked for another one. */
function wasLost(channel: DialChannel): boolean {
  if (!('lastGoAway' in channel)) return false;
  const { lastGoAway } = channel;
  return lastGoAway?.code !== IN_ORDER || decisionIn(lastGoAway) !== undefined;
}

/** Milliseconds that the next connection waits at most, after so many in a row that did not last. */
function pauseBetween(shortLived: number): number {
  return shortLived === 0 ? 0 : Math.min(MAX_PAUSE_MS, 250 * 2 ** shortLived);
}
