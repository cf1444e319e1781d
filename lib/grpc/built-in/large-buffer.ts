/** Buffers up to this size may stay in memory for the sake of a small part. */
const LARGE_BUFFER = 16 * 1024;

/** Whether `part` is less than half of a large buffer: if it is kept, it is better copied. */
export function isPartOfLargeBuffer(part: Uint8Array): boolean {
  const { byteLength } = part.buffer;
  return byteLength > LARGE_BUFFER && 2 * part.length < byteLength;
}
