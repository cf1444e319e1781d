import type { Metadata } from '@grpc/grpc-js';
import { headerListSize } from '../../http2/index.js';
import { cutStatusText } from '../cut-status-text.js';
import type { ServerStatus } from '../grpc-types.js';

/**
 * Bytes of metadata, or of metadata and status text, that `node:http2` may be given: with a header list
 * of more than 64 KiB it closes the connection, and with it all other calls. The rest is for headers of
 * gRPC itself.
 */
export const MAX_METADATA_SIZE = 60 * 1024;

/** Characters that `encodeURI`, which grpc-js encodes status texts with, leaves as they are. */
const PLAIN = /[\w;,/?:@&=+$\-.!~*'()#]/;

/** Bytes of metadata in a list of headers, as RFC 9113, 6.5.2 counts them. */
export function metadataSize(metadata: Metadata): number {
  const headers: string[] = [];
  const entries = metadata.toJSON();
  for (const name in entries) {
    for (const value of entries[name]!) {
      headers.push(name, typeof value === 'string' ? value : value.toString('base64'));
    }
  }
  return headerListSize(headers);
}

/** `ended` with as much as can be sent: without metadata if that is too large, and with less text. */
export function fittingStatus(ended: ServerStatus): ServerStatus {
  const { code, metadata } = ended;
  const size = metadata ? metadataSize(metadata) : 0;
  const isTooLarge = size > MAX_METADATA_SIZE;
  const room = MAX_METADATA_SIZE - (isTooLarge ? 0 : size);
  // A handler may fail with anything for a message.
  const text = String(ended.details as unknown);
  const details = cutStatusText(text, room, isPlain);
  if (!isTooLarge && details === text) return ended;
  return { code, details, metadata: isTooLarge ? null : metadata };
}

function isPlain(codePoint: number): boolean {
  return PLAIN.test(String.fromCodePoint(codePoint));
}
