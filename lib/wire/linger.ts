import type { Duplex } from 'node:stream';
import { destroyAfter, LINGER_MS } from './destroy-after.js';
import { watchProgress } from './watch-progress.js';

/**
 * Closes an ended socket, but first waits until its last bytes are sent, as long as the network takes any,
 * and up to `LINGER_MS` for the peer to read them. Meanwhile drops input: unread input would turn the last
 * bytes into a connection reset.
 *
 * @param bytesTaken - returns the bytes that the network has taken so far.
 * @param timeoutMs - milliseconds without progress (up to twice that) until the socket is destroyed.
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
