/** Maximum bytes that `writeInteger` writes, for a value up to 2^31 - 1. */
export const MAX_INTEGER_LENGTH = 6;

/**
 * Writes an integer (RFC 7541, 5.1), for which the caller has made room. Returns the offset after it.
 *
 * @param pattern - bits of the first octet above the prefix.
 * @param prefixMask - mask of the prefix: 2^N - 1.
 */
export function writeInteger(
  target: Uint8Array,
  offset: number,
  pattern: number,
  prefixMask: number,
  value: number,
): number {
  if (value < prefixMask) {
    target[offset] = pattern | value;
    return offset + 1;
  }
  target[offset++] = pattern | prefixMask;
  let rest = value - prefixMask;
  while (rest >= 0x80) {
    target[offset++] = 0x80 | (rest & 0x7f);
    rest >>>= 7;
  }
  target[offset] = rest;
  return offset + 1;
}

/** Number of bytes that `writeInteger` writes. */
export function integerLength(prefixMask: number, value: number): number {
  let length = 1;
  if (value >= prefixMask) {
    length += 1;
    for (let rest = value - prefixMask; rest >= 0x80; rest >>>= 7) length += 1;
  }
  return length;
}
