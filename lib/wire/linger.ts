import type { Duplex } from 'node:stream';
import { watchProgress } from './watch-progress.js';

/** Milliseconds that the other end has to read our last words and close, once they have left. */
const LINGER_MS = 1000;

/**
 * Closes an ended socket, but lets its last bytes leave first, for as long as the network takes any,
 * and the peer read them: unread input would turn them into a connection reset, so it is read and
 * dropped meanwhile.
 *
 * @param bytesTaken - what the network has taken so far.
 * @param timeoutMs - milliseconds without progress until it is given up.
 */
export function linger(socket: Duplex, bytesTaken: () => number, timeoutMs: number): void {
  socket.resume();
  const stopWatching = watchProgress(bytesTaken, timeoutMs, () => socket.destroy());
  let timer: NodeJS.Timeout | undefined;
  socket.once('finish', () => {
    stopWatching();
    timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
  socket.once('close', () => {
    stopWatching();
    clearTimeout(timer);
  });
}
