import http2, {
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { limitEchoes } from './limit-echoes.js';

function ignoreError(): void {}

/**
 * Runs `create`, in which grpc-js creates an HTTP/2 server. Hides from this server each request whose
 * stream is already closed when the request is emitted. Also limits the texts that the server repeats.
 *
 * node:http2 emits a request in `process.nextTick`. If the stream of the connection is no socket, data that
 * arrived with the request may have closed the stream of the request by then: a reset, or a connection
 * error. grpc-js (1.14) responds at once if the method is unknown or the content-type is wrong, which then
 * throws an uncaught ERR_HTTP2_INVALID_STREAM.
 *
 * grpc-js does not expose its HTTP/2 servers, so `http2.createServer` is replaced while `create` runs.
 */
export function withLivingStreams<T>(create: () => T): T {
  const { createServer } = http2;
  const replace = (by: typeof createServer): void =>
    void Object.assign(http2, { createServer: by });
  replace(((...args: Parameters<typeof createServer>) =>
    onlyLiving(createServer(...args))) as typeof createServer);
  try {
    return create();
  } finally {
    replace(createServer);
  }
}

function onlyLiving(server: Http2Server): Http2Server {
  const emit = server.emit.bind(server) as (event: string, ...args: unknown[]) => boolean;
  const emitLiving = (event: string, ...args: unknown[]): boolean => {
    if (event !== 'stream') return emit(event, ...args);
    const [stream, headers, ...more] = args as [ServerHttp2Stream, IncomingHttpHeaders];
    if (!stream.destroyed && !stream.closed) {
      return emit(event, stream, limitEchoes(stream, headers), ...more);
    }
    stream.on('error', ignoreError); // The stream has no other listener for the error.
    return true;
  };
  return Object.assign(server, { emit: emitLiving });
}
