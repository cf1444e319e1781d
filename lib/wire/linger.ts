import type { Duplex } from 'node:stream';
import { destroyAfter, LINGER_MS } from './destroy-after.js';
import { watchProgress } from './watch-progress.js';

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
  socket.once('finish', () => {
    stopWatching();
    destroyAfter(socket, LINGER_MS);
  });
  socket.once('close', stopWatching);
}
