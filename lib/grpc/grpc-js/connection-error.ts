import type { Duplex } from 'node:stream';
import { isError } from '../../options/index.js';

/**
 * Makes `stream` fail like a TCP socket that lost its connection: its errors get the code `ETIMEDOUT`.
 * grpc-js ends calls with UNAVAILABLE only for `ECONNRESET` and `ETIMEDOUT`, and with INTERNAL for any
 * other code. `ECONNRESET` does not work: node:http2 swallows it when a session is about to close, and the
 * calls then end without a status, that is, with INTERNAL.
 *
 * @returns `stream`.
 */
export function failAsConnection<T extends Duplex>(stream: T): T {
  const destroy = stream._destroy.bind(stream);
  stream._destroy = (error, callback) =>
    destroy(error, (cause) => callback(cause ? connectionLost(cause) : null));
  return stream;
}

/** Returns the original of an error of a stream that `failAsConnection` has changed. */
export function originalOf(error: Error): Error {
  return isError(error.cause) ? error.cause : error;
}

function connectionLost(cause: Error): Error {
  return Object.assign(new Error(cause.message, { cause }), { code: 'ETIMEDOUT' });
}
