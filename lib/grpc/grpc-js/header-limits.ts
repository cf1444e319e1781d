import type { Metadata } from '@grpc/grpc-js';
import { headerListSize } from '../../http2/index.js';
import { cutStatusText } from '../cut-status-text.js';
import type { ServerStatus } from '../grpc-types.js';

/**
 * Limit of metadata, or of metadata and status text, for `node:http2`, in bytes. A header list of more than
 * 64 KiB makes it close the connection with all its calls. The difference is left for headers of gRPC.
 */
export const MAX_METADATA_SIZE = 60 * 1024;

/** Characters that `encodeURI` leaves as they are; grpc-js encodes status texts with it. */
const PLAIN = /[\w;,/?:@&=+$\-.!~*'()#]/;

/** Size of metadata in a header list, in bytes (RFC 9113, 6.5.2). */
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

/** Reduces `ended` to the size limit: drops metadata that is too large, and shortens the text. */
export function fittingStatus(ended: ServerStatus): ServerStatus {
  const { code, metadata } = ended;
  const size = metadata ? metadataSize(metadata) : 0;
  const isTooLarge = size > MAX_METADATA_SIZE;
  const room = MAX_METADATA_SIZE - (isTooLarge ? 0 : size);
  // A handler may fail with any value as its message.
  const text = String(ended.details as unknown);
  const details = cutStatusText(text, room, isPlain);
  if (!isTooLarge && details === text) return ended;
  return { code, details, metadata: isTooLarge ? null : metadata };
}

function isPlain(codePoint: number): boolean {
  return PLAIN.test(String.fromCodePoint(codePoint));
}
