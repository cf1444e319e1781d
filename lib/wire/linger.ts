import type { Duplex } from 'node:stream';
import { destroyAfter, LINGER_MS } from './destroy-after.js';
import { watchProgress } from './watch-progress.js';

/**
 * Destroys a socket after `end()`, but not at once: its last bytes are sent first, and then the peer has
 * `LINGER_MS` to read them. If the network takes no more bytes, the socket is destroyed earlier. Input is
 * dropped meanwhile: destroying a socket with unread input resets the connection, and the peer could lose the
 * last bytes.
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
