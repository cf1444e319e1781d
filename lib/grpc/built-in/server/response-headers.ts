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

/** Headers of a response without metadata; responses are never compressed, as those of grpc-js. */
export const RESPONSE_HEADERS: readonly string[] = [
  ...FIRST_HEADERS,
  'grpc-accept-encoding',
  ACCEPTED_ENCODINGS,
  'grpc-encoding',
  'identity',
];

/** Headers that are the server's; metadata cannot set them. */
const RESERVED = new Set(['content-type', 'grpc-accept-encoding', 'grpc-encoding']);
const RESERVED_TRAILERS = new Set(['grpc-status', 'grpc-message', ...RESERVED]);

/** Texts that code and message take in a list of headers, and which of them is the message. */
const STATUS_LENGTH = 4;
const MESSAGE_AT = 3;
const FIRST_HEADERS_SIZE = headerListSize(FIRST_HEADERS);

/** What most calls end with. */
const OK_TRAILERS: readonly string[] = ['grpc-status', '0', 'grpc-message', 'OK'];

export function responseHeaders(metadata: Metadata): readonly string[] {
  const headers = [...RESPONSE_HEADERS];
  appendMetadata(headers, metadata, RESERVED);
  return headers;
}

/**
 * What stands behind the messages of a response.
 *
 * @param limit - bytes that the list may have. The message is cut to what fits; metadata is left out if
 *   it does not fit, so that the code always arrives.
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
  // A handler may fail with anything for a message.
  trailers[MESSAGE_AT] = encodeStatusMessage(String(details as unknown), room);
  return trailers;
}

/** A response that is nothing but its end, with at most `limit` bytes: see `statusTrailers`. */
export function trailersOnly(
  code: status,
  details: string,
  metadata: Metadata | null | undefined,
  limit: number,
): readonly string[] {
  const room = limit - FIRST_HEADERS_SIZE;
  return [...FIRST_HEADERS, ...statusTrailers(code, details, metadata, room)];
}
