import type { Duplex } from 'node:stream';

/**
 * Has `stream` fail as a TCP socket would that lost its connection. By the code `ECONNRESET` alone
 * does grpc-js tell that, and ends calls with UNAVAILABLE; anything else is INTERNAL to it.
 *
 * @returns `stream`.
 */
export function failAsConnection<T extends Duplex>(stream: T): T {
  const destroy = stream._destroy.bind(stream);
  stream._destroy = (error, callback) =>
    destroy(error, (cause) => callback(cause ? connectionReset(cause) : null));
  return stream;
}

function connectionReset(cause: Error): Error {
  return Object.assign(new Error(cause.message, { cause }), { code: 'ECONNRESET' });
}
