import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Ends `stream` when the peer has ended it, in place of node:http2, which must not see the end.
 *
 * node:http2 wraps a stream that is no socket (Node 20 to 26: `JSStreamSocket`). When the peer ends its
 * half, the wrapper ends the stream itself. Until all earlier writes have completed, every further frame,
 * such as the GOAWAY of `session.destroy()`, then fails an assertion: ERR_INTERNAL_ASSERTION, uncaught. A
 * peer that ends its half and reads nothing would thus crash the process with the next keepalive timeout or
 * shutdown. The wrapper still sees the close of the stream.
 *
 * To be called directly before the stream is passed to node:http2: replaces the next `once('end', …)`.
 *
 * @returns `stream`.
 */
export function endWithPeer<T extends Duplex>(stream: T): T {
  // node:http2 does not wrap sockets, with or without TLS.
  if (stream instanceof Socket) return stream;
  const once = stream.once.bind(stream);
  const exceptEnd = (event: string, listener: () => void): T => {
    if (event !== 'end') return once(event, listener);
    // Restores the original method.
    Reflect.deleteProperty(stream, 'once');
    return stream.once('end', () => stream.end());
  };
  return Object.assign(stream, { once: exceptEnd });
}
