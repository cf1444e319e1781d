import { type Metadata, status } from '@grpc/grpc-js';
import { headerListSize } from '../../../http2/index.js';
import { ACCEPTED_ENCODINGS } from '../compression.js';
import { appendMetadata } from '../metadata-codec.js';
import { encodeStatusMessage } from '../status-message.js';

const FIRST_HEADERS: readonly string[] = [
  ':status',
  '200',
  'content-type',
  'application/grpc+proto',
];

/** Headers of a response without metadata. Responses are not compressed, as in grpc-js. */
export const RESPONSE_HEADERS: readonly string[] = [
  ...FIRST_HEADERS,
  'grpc-accept-encoding',
  ACCEPTED_ENCODINGS,
  'grpc-encoding',
  'identity',
];

/** Headers of the server, which metadata cannot set. */
const RESERVED = new Set(['content-type', 'grpc-accept-encoding', 'grpc-encoding']);
const RESERVED_TRAILERS = new Set(['grpc-status', 'grpc-message', ...RESERVED]);

/** List entries of code and message, and the index of the message. */
const STATUS_LENGTH = 4;
const MESSAGE_AT = 3;
const FIRST_HEADERS_SIZE = headerListSize(FIRST_HEADERS);

/** Trailers of most calls. */
const OK_TRAILERS: readonly string[] = ['grpc-status', '0', 'grpc-message', 'OK'];

/** Builds the headers of a response with metadata. */
export function responseHeaders(metadata: Metadata): readonly string[] {
  const headers = [...RESPONSE_HEADERS];
  appendMetadata(headers, metadata, RESERVED);
  return headers;
}

/**
 * Builds the trailers of a response.
 *
 * @param limit - maximum size of the list in bytes. The message is cut to fit, and metadata that does not
 *   fit is dropped, so that the code always arrives.
 */
export function statusTrailers(
  code: status,
  details: string,
  metadata: Metadata | null | undefined,
  limit: number,
): readonly string[] {
  if (code === status.OK && details === 'OK' && !metadata) return OK_TRAILERS;
  const trailers = ['grpc-status', String(code), 'grpc-message', ''];
  const withoutMetadata = headerListSize(trailers);
  if (metadata) appendMetadata(trailers, metadata, RESERVED_TRAILERS);
  let room = limit - headerListSize(trailers);
  if (room < 0) {
    trailers.length = STATUS_LENGTH;
    room = limit - withoutMetadata;
  }
  // A handler may fail with any value as its message.
  trailers[MESSAGE_AT] = encodeStatusMessage(String(details as unknown), room);
  return trailers;
}

/** Builds a Trailers-Only response of at most `limit` bytes: see `statusTrailers`. */
export function trailersOnly(
  code: status,
  details: string,
  metadata: Metadata | null | undefined,
  limit: number,
): readonly string[] {
  const room = limit - FIRST_HEADERS_SIZE;
  return [...FIRST_HEADERS, ...statusTrailers(code, details, metadata, room)];
}
