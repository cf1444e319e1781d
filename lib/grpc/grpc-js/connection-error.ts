import type { Duplex } from 'node:stream';

/**
 * Has `stream` fail as a TCP socket would that lost its connection. By the codes `ECONNRESET` and
 * `ETIMEDOUT` alone does grpc-js tell that, and ends calls with UNAVAILABLE; anything else is INTERNAL
 * to it. It must be the latter: node:http2 swallows the former once a session is about to close, and
 * the calls then end without a status, which is INTERNAL again.
 *
 * @returns `stream`.
 */
export function failAsConnection<T extends Duplex>(stream: T): T {
  const destroy = stream._destroy.bind(stream);
  stream._destroy = (error, callback) =>
    destroy(error, (cause) => callback(cause ? connectionLost(cause) : null));
  return stream;
}

function connectionLost(cause: Error): Error {
  return Object.assign(new Error(cause.message, { cause }), { code: 'ETIMEDOUT' });
}
