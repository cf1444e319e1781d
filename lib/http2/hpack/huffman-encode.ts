import { CODE_LENGTHS, CODES } from './huffman-code.js';

/**
 * Writes `text` in Huffman code, padded to whole bytes (RFC 7541, 5.2). Returns the offset after it; -1
 * if it needs more than `room` bytes or has a character above 0xff. Up to seven bytes after `room` may be
 * overwritten.
 */
export function encodeHuffman(
  text: string,
  target: Uint8Array,
  offset: number,
  room: number,
): number {
  const limit = offset + room;
  let allBits = 0;
  /** The next 32 bits of output, of which the first `used` are set. */
  let word = 0;
  let used = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    allBits |= char;
    const code = CODES[char & 0xff]!;
    used += CODE_LENGTHS[char & 0xff]!;
    if (used <= 32) {
      word |= code << (32 - used);
      continue;
    }
    used -= 32;
    word |= code >>> used;
    if (offset >= limit) return -1;
    target[offset] = word >>> 24;
    target[offset + 1] = word >>> 16;
    target[offset + 2] = word >>> 8;
    target[offset + 3] = word;
    offset += 4;
    word = code << (32 - used);
  }
  if (used < 32) word |= 0xffff_ffff >>> used;
  for (; used > 0; used -= 8) {
    target[offset++] = word >>> 24;
    word <<= 8;
  }
  return allBits > 0xff || offset > limit ? -1 : offset;
}
