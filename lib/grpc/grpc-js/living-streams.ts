import http2, {
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { limitEchoes } from './limit-echoes.js';

function ignoreError(): void {}

/**
 * Runs `create`, in which grpc-js makes an HTTP/2 server, and keeps requests from that server whose stream
 * is gone by the time they are told of. What the server repeats of others is limited.
 *
 * node:http2 tells of a request in `process.nextTick`. On a stream that is no socket, whatever came with
 * the request has destroyed it by then: a reset, or an error of the connection. To answer it, which
 * grpc-js (1.14) does at once if the method is unknown or the content-type is wrong, then throws
 * ERR_HTTP2_INVALID_STREAM where nobody can catch it.
 *
 * grpc-js shows its HTTP/2 servers to nobody; so `http2.createServer` is replaced while `create` runs.
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
    stream.on('error', ignoreError); // Nobody is there to hear why it was destroyed.
    return true;
  };
  return Object.assign(server, { emit: emitLiving });
}
