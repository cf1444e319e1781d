import { HEADER_LENGTH, writeHeader } from '../yamux/index.js';

/** Encodes a frame header. */
export function encodeHeader(
  type: number,
  flags: number,
  streamId: number,
  length: number,
): Buffer {
  const header = Buffer.allocUnsafe(HEADER_LENGTH);
  writeHeader(header, 0, type, flags, streamId, length);
  return header;
}
