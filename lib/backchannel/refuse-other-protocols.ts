import type { Duplex } from 'node:stream';
import { ListenMuxError } from '../listenmux/index.js';

/** Content type handshake of TLS (RFC 8446, 5.1): the first byte of a client. */
const TLS_HANDSHAKE = 0x16;
/** Beginning of a request of HTTP/1. HTTP/2 begins with `PRI *`. */
const HTTP1_REQUEST = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) /;
/** For clients of HTTP/1. TLS clients learn from it that nobody speaks TLS here. */
const ANSWER =
  'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 22\r\n\r\nThis port serves gRPC\n';
/** Length of the longest beginning. */
const MAX_BEGINNING = 8;

/**
 * Looks at the bytes of a plain connection that have arrived, and gives them back. Other protocols are
 * answered before they are refused.
 *
 * @throws ListenMuxError `ERR_LISTENMUX_NOT_GRPC` if the client speaks TLS or HTTP/1.
 */
export function refuseOtherProtocols(stream: Duplex): void {
  if (stream.readableLength === 0 || stream.destroyed) return;
  const chunk = stream.read() as Buffer | null;
  if (chunk === null) return;
  stream.unshift(chunk);
  if (chunk[0] === TLS_HANDSHAKE) {
    stream.write(ANSWER);
    throw notGrpc(
      'the client speaks TLS, and this side does not: set "credentials" on this side too, or leave them out of the client',
    );
  }
  if (HTTP1_REQUEST.test(chunk.toString('latin1', 0, MAX_BEGINNING))) {
    stream.write(ANSWER);
    throw notGrpc('the client speaks HTTP/1: this port serves gRPC (HTTP/2) only');
  }
}

function notGrpc(problem: string): ListenMuxError {
  return new ListenMuxError('ERR_LISTENMUX_NOT_GRPC', problem);
}
