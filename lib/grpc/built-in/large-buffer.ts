/** Buffers up to this size may stay in memory for the sake of a small part. */
const LARGE_BUFFER = 16 * 1024;

/** Whether `length` bytes of `part` are less than half of a large buffer: if they are kept, they are better copied. */
export function isPartOfLargeBuffer(part: Uint8Array, length = part.length): boolean {
  const { byteLength } = part.buffer;
  return byteLength > LARGE_BUFFER && 2 * length < byteLength;
}
