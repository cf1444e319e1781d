import { type Metadata, status } from '@grpc/grpc-js';
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

/** What most calls end with. */
const OK_TRAILERS: readonly string[] = ['grpc-status', '0', 'grpc-message', 'OK'];

export function responseHeaders(metadata: Metadata): readonly string[] {
  const headers = [...RESPONSE_HEADERS];
  appendMetadata(headers, metadata, RESERVED);
  return headers;
}

/** What stands behind the messages of a response. */
export function statusTrailers(
  code: status,
  details: string,
  metadata?: Metadata | null,
): readonly string[] {
  if (code === status.OK && details === 'OK' && !metadata) return OK_TRAILERS;
  // A handler may fail with anything for a message.
  const trailers = [
    'grpc-status',
    String(code),
    'grpc-message',
    encodeStatusMessage(String(details)),
  ];
  if (metadata) appendMetadata(trailers, metadata, RESERVED_TRAILERS);
  return trailers;
}

/** A response that is nothing but its end. */
export function trailersOnly(
  code: status,
  details: string,
  metadata?: Metadata | null,
): readonly string[] {
  return [...FIRST_HEADERS, ...statusTrailers(code, details, metadata)];
}
