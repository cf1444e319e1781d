import type { Duplex } from 'node:stream';
import { answerOtherProtocol } from '../grpc/index.js';
import { ListenMuxError } from '../listenmux/index.js';

/** Content type handshake of TLS (RFC 8446, 5.1): the first byte of a client. */
const TLS_HANDSHAKE = 0x16;
/** Beginning of every client of HTTP/2 (RFC 9113, 3.4). */
const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** Beginnings of versions 1 and 2 of the PROXY protocol. */
const PROXY_HEADER = /^(?:PROXY |\r\n\r\n\0\r\nQUIT\n)/;
/** Beginning of a request of HTTP/1. */
const HTTP1_REQUEST = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) /;
/** For clients of HTTP/1. TLS clients learn from it that nobody speaks TLS here. */
const ANSWER =
  'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 22\r\n\r\nThis port serves gRPC\n';

/**
 * Looks at the bytes of a plain connection that have arrived, and gives them back. Other protocols are
 * answered before they are refused.
 *
 * @throws ListenMuxError `ERR_LISTENMUX_NOT_GRPC` if the bytes are not the beginning of HTTP/2.
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
  const beginning = chunk.toString('latin1', 0, HTTP2_PREFACE.length);
  if (HTTP2_PREFACE.startsWith(beginning)) return;
  if (HTTP1_REQUEST.test(beginning)) {
    stream.write(ANSWER);
    throw notGrpc('the client speaks HTTP/1: this port serves gRPC (HTTP/2) only');
  }
  answerOtherProtocol(stream);
  if (PROXY_HEADER.test(beginning)) {
    throw notGrpc('the client sends the PROXY protocol: switch it off in the load balancer');
  }
  throw notGrpc('the client does not speak gRPC (HTTP/2): check what connects to this port');
}

function notGrpc(problem: string): ListenMuxError {
  return new ListenMuxError('ERR_LISTENMUX_NOT_GRPC', problem);
}
