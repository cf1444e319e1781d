import { Metadata } from '@grpc/grpc-js';
import { Code, ConnectError, encodeBinaryHeader } from '@connectrpc/connect';
import { base64Decode } from '@bufbuild/protobuf/wire';
import { CONNECTION_HEADERS } from '../http2/index.js';

const BINARY = '-bin';

/** Headers that would break the request, with the reason. */
const REFUSED = new Map<string, string>([
  ...[...CONNECTION_HEADERS, 'http2-settings'].map(
    (name) => [name, 'HTTP/2 has no headers of the connection'] as const,
  ),
  ['content-length', 'a request of gRPC does not tell its length'],
  ['host', 'the channel sets the authority'],
  ['grpc-timeout', 'use the call option "timeoutMs"'],
]);

/**
 * Returns the metadata that headers of Connect stand for. Values of `-bin` headers are base64, as
 * `encodeBinaryHeader` makes them; several are apart by commas.
 *
 * @throws ConnectError `invalid_argument` for a header that gRPC cannot carry.
 */
export function toMetadata(headers: Headers): Metadata {
  const metadata = new Metadata();
  headers.forEach((value, name) => {
    try {
      verifyName(name);
      for (const item of valuesOf(name, value)) metadata.add(name, item);
    } catch (cause) {
      const why = `header "${name}" cannot be sent: ${(cause as Error).message}`;
      throw new ConnectError(why, Code.InvalidArgument, undefined, undefined, cause);
    }
  });
  return metadata;
}

function verifyName(name: string): void {
  const why = REFUSED.get(name);
  if (why !== undefined) throw new Error(why);
}

function valuesOf(name: string, value: string): (string | Buffer)[] {
  if (!name.endsWith(BINARY)) return [value];
  return value.split(',').map((item) => Buffer.from(base64Decode(item.trim())));
}

/**
 * Adds metadata to headers of Connect, in which values of `-bin` headers are base64. Leaves out what
 * `Headers` cannot hold: the other end may send characters that `Headers` refuses, which is no reason to
 * fail the call.
 */
export function addMetadata(headers: Headers, metadata: Metadata): void {
  for (const name of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(name)) {
      try {
        headers.append(name, typeof value === 'string' ? value : encodeBinaryHeader(value));
      } catch {
        // Left out.
      }
    }
  }
}
