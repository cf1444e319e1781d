import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Ends `stream` when the peer has ended it, in place of node:http2, which is not told of it.
 *
 * node:http2 puts a wrapper around a stream that is no socket (Node 20 to 26: `JSStreamSocket`). A
 * wrapper that is told of the peer's end ends the stream itself. Until all that was written before has
 * been taken, it fails an assertion for every further frame, such as the GOAWAY of `session.destroy()`:
 * ERR_INTERNAL_ASSERTION, uncaught. A peer that ends its half and takes nothing would end the process so
 * with the next keepalive timeout, or the next shutdown. The wrapper hears of the stream's close instead.
 *
 * To be called right before the stream is handed to node:http2: it swallows the next `once('end', …)`.
 *
 * @returns `stream`.
 */
export function endWithPeer<T extends Duplex>(stream: T): T {
  // node:http2 uses a socket, of TLS too, as it is.
  if (stream instanceof Socket) return stream;
  const once = stream.once.bind(stream);
  const exceptEnd = (event: string, listener: () => void): T => {
    if (event !== 'end') return once(event, listener);
    // From here on it is the stream's own again.
    Reflect.deleteProperty(stream, 'once');
    return stream.once('end', () => stream.end());
  };
  return Object.assign(stream, { once: exceptEnd });
}
