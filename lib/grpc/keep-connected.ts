import { connectivityState, type ChannelInterface } from '@grpc/grpc-js';
import { watchConnectivity } from './watch-connectivity.js';

/** Milliseconds that a connection must have lasted for the next one to be made at once. */
const LASTING_MS = 1000;
/** Milliseconds of the longest pause between connections that do not last. */
const MAX_PAUSE_MS = 30_000;

/**
 * Keeps `channel` connected: connects it now, and again whenever it has lost its connection, with
 * the channel's own backoff. A channel left alone connects only when a call needs it, and stays
 * unreachable for calls from the other end until then. Connections that end as soon as they are made
 * are made ever more slowly.
 *
 * @param keepsAlive - whether it keeps the process alive meanwhile, as a listening socket would.
 * @returns a function that stops it; the channel stays open.
 */
export function keepConnected(channel: ChannelInterface, keepsAlive = true): () => void {
  const alive = keepsAlive ? setInterval(() => {}, 2 ** 31 - 1) : undefined;
  let pause: NodeJS.Timeout | undefined;
  let connectedAt = 0;
  let shortLived = 0;

  const connect = (): void => {
    channel.getConnectivityState(true);
  };
  const reconnect = (): void => {
    clearTimeout(pause); // A call may have connected it meanwhile.
    shortLived = Date.now() - connectedAt < LASTING_MS ? shortLived + 1 : 0;
    if (shortLived === 0) return connect();
    pause = setTimeout(connect, Math.random() * Math.min(MAX_PAUSE_MS, 250 * 2 ** shortLived));
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
