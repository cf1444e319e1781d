import { HpackError } from './errors.js';
import { encodeHuffman } from './huffman-encode.js';
import { integerLength, writeInteger } from './integer.js';

/** Bytes of room that `writeString` needs, in addition to one for each character. */
export const STRING_OVERHEAD = 8;

/** First bit of a string literal, Huffman-coded or plain, and mask of the length after it. */
const HUFFMAN = 0x80;
const PLAIN = 0x00;
const LENGTH_MASK = 0x7f;

/**
 * Writes a string literal (RFC 7541, 5.2), in Huffman code where that is shorter. Returns the offset after
 * it. The caller has made room for STRING_OVERHEAD more bytes than characters.
 *
 * @throws HpackError `ERR_HPACK_NOT_LATIN1`
 */
export function writeString(target: Uint8Array, offset: number, text: string): number {
  // Encodes in one pass: the length in front of the string almost always takes one byte.
  const start = offset + 1;
  const end = encodeHuffman(text, target, start, text.length - 1);
  if (end < 0) return writePlain(target, offset, text);
  const length = end - start;
  if (length < LENGTH_MASK) {
    target[offset] = HUFFMAN | length;
    return end;
  }
  const shift = integerLength(LENGTH_MASK, length) - 1;
  target.copyWithin(start + shift, start, end);
  writeInteger(target, offset, HUFFMAN, LENGTH_MASK, length);
  return end + shift;
}

function writePlain(target: Uint8Array, offset: number, text: string): number {
  offset = writeInteger(target, offset, PLAIN, LENGTH_MASK, text.length);
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    // Truncated to a byte, the character could become another one, such as a line feed.
    if (char > 0xff) throw notLatin1();
    target[offset++] = char;
  }
  return offset;
}

function notLatin1(): HpackError {
  return new HpackError(
    'ERR_HPACK_NOT_LATIN1',
    'a header to be sent has a character above 0xff; encode it first, as latin1 or percent-encoded',
  );
}
