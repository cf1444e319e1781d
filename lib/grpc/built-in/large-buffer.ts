/** Largest buffer, in bytes, that may stay in memory for a small part of it. */
const LARGE_BUFFER = 16 * 1024;

/**
 * Whether `length` bytes of `part` are less than half of a large buffer, so that they should be copied if
 * kept.
 */
export function isPartOfLargeBuffer(part: Uint8Array, length = part.length): boolean {
  const { byteLength } = part.buffer;
  return byteLength > LARGE_BUFFER && 2 * length < byteLength;
}

/** Returns `part`, or a copy of it if it should not keep its buffer in memory. */
export function withoutLargeBuffer(part: Buffer): Buffer {
  return isPartOfLargeBuffer(part) ? Buffer.from(part) : part;
}
