/**
 * Constants to test four bytes at once: the highest bit of each, four spaces, and the increment that sets
 * the highest bit of a DEL.
 */
const HIGH_BITS = 0x8080_8080;
const SPACES = 0x2020_2020;
const ONES = 0x0101_0101;

/** Minimum length, in bytes, that justifies a view of words. */
const LEAST_FOR_WORDS = 1024;

/** Whether the bytes from `start` to `end` are printable ASCII, tabs and line breaks only. */
export function isText(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < LEAST_FOR_WORDS) return areTextBytes(bytes, start, end);
  const first = start + ((4 - ((bytes.byteOffset + start) & 3)) & 3);
  if (!areTextBytes(bytes, start, first)) return false;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + first, (end - first) >> 2);
  for (let i = 0; i < words.length; i += 1) {
    const at = first + 4 * i;
    if (!arePrintable(words[i]!) && !areTextBytes(bytes, at, at + 4)) return false;
  }
  return areTextBytes(bytes, first + 4 * words.length, end);
}

/** Whether all four bytes are from space to tilde. May return false for text. */
function arePrintable(word: number): boolean {
  return (((word - SPACES) | (word + ONES) | word) & HIGH_BITS) === 0;
}

function areTextBytes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i]!;
    if (byte > 126 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)) return false;
  }
  return true;
}
