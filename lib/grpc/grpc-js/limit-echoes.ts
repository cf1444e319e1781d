import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { excerpt } from '../../http2/index.js';

/** Headers that grpc-js repeats if their value is wrong; a long value always is. */
const REPEATED = ['grpc-timeout', 'grpc-encoding'];
/** Length of a method's path up to which it is repeated in full, in characters. */
const LONG_PATH = 100;
const UNKNOWN_METHOD = 'The server does not implement the method ';

/**
 * Makes grpc-js (1.14) repeat only the beginning of texts in a request. With the HPACK table, repeating a
 * header of some KiB costs a peer two bytes per request, and the status text of the response contains all
 * of it.
 *
 * @returns the headers for grpc-js.
 */
export function limitEchoes(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): IncomingHttpHeaders {
  const path = headers[':path'];
  if (path !== undefined && path.length > LONG_PATH) limitPath(stream, path);
  for (const name of REPEATED) {
    const value = headers[name];
    if (typeof value === 'string') headers[name] = excerpt(value);
  }
  return headers;
}

/** Shortens the response for an unknown method, not the path: a served method may have a long name. */
function limitPath(stream: ServerHttp2Stream, path: string): void {
  const respond = stream.respond.bind(stream);
  stream.respond = (headers, options) => {
    const isEcho = String(headers?.['grpc-message']).startsWith(UNKNOWN_METHOD);
    const short = UNKNOWN_METHOD + excerpt(path);
    respond(isEcho ? { ...headers, 'grpc-message': short } : headers, options);
  };
}
