import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { excerpt } from '../../http2/index.js';

/** Headers that grpc-js repeats when their value is wrong; a long one is. */
const REPEATED = ['grpc-timeout', 'grpc-encoding'];
/** Characters of a method's path that are repeated as they are. */
const LONG_PATH = 100;
const UNKNOWN_METHOD = 'The server does not implement the method ';

/**
 * Has grpc-js (1.14) repeat no more than the beginning of what a request says. A header of some KiB costs a
 * peer two bytes for each request but the first, by the table of HPACK, and comes back whole in the text
 * of a status.
 *
 * @returns the headers that grpc-js is to see.
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

/** A served method may have a long name: so it is the answer for an unknown one that is changed. */
function limitPath(stream: ServerHttp2Stream, path: string): void {
  const respond = stream.respond.bind(stream);
  stream.respond = (headers, options) => {
    const isEcho = String(headers?.['grpc-message']).startsWith(UNKNOWN_METHOD);
    const short = UNKNOWN_METHOD + excerpt(path);
    respond(isEcho ? { ...headers, 'grpc-message': short } : headers, options);
  };
}
