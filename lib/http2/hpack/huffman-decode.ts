import { HpackError } from './errors.js';
import {
  CODE_LENGTHS,
  CODE_LIMITS,
  CODES,
  END_OF_STRING,
  FIRST_CODES,
  FIRST_POSITIONS,
  SYMBOLS_BY_CODE,
} from './huffman-code.js';

/** Bits of input per lookup: enough for most pairs of letters or digits, whose codes have 5 to 7 bits. */
const WINDOW = 12;

/**
 * Lookup table, indexed by WINDOW bits of input. An entry holds the one or two symbols whose codes these bits
 * begin with; it is 0 if the first code is longer than WINDOW. The bytes of an entry, lowest first: first
 * symbol, second symbol, length of their codes in bits, number of symbols.
 */
const SYMBOLS = buildSymbols();

/**
 * Bytes that `decodeHuffman` needs for `length` bytes of Huffman code: the shortest code has five bits, and
 * one byte after the last may be overwritten.
 */
export function roomToDecode(length: number): number {
  return Math.floor((length * 8) / 5) + 1;
}

/**
 * Decodes a Huffman-coded string into `target`, which must have `roomToDecode` bytes. Returns the number
 * of decoded bytes.
 *
 * @throws HpackError `ERR_HPACK_HUFFMAN` for END_OF_STRING in the string, and for padding that is
 * longer than seven bits or not all ones (RFC 7541, 5.2).
 */
export function decodeHuffman(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): number {
  /** The next `bits` bits of input, left-aligned and followed by zeros. */
  let word = 0;
  let bits = 0;
  let offset = start;
  let written = 0;
  for (;;) {
    // Here `bits` is less than WINDOW, so 16 more bits always fit.
    if (offset + 1 < end) {
      word |= ((source[offset]! << 8) | source[offset + 1]!) << (16 - bits);
      offset += 2;
      bits += 16;
    } else if (offset < end) {
      word |= source[offset++]! << (24 - bits);
      bits += 8;
    }
    if (bits < WINDOW) return decodeTail(word, bits, target, written);
    do {
      const symbols = SYMBOLS[word >>> (32 - WINDOW)]!;
      if (symbols !== 0) {
        target[written] = symbols;
        target[written + 1] = symbols >>> 8;
        written += symbols >>> 24;
        const length = (symbols >>> 16) & 0xff;
        word <<= length;
        bits -= length;
        continue;
      }
      const position = offset * 8 - bits;
      const long = longSymbol(wordAt(source, position));
      const next = position + (long & 0x1f);
      if (next > end * 8) throw badPadding();
      if (long >>> 5 === END_OF_STRING) throw endOfString();
      target[written++] = long >>> 5;
      offset = (next + 7) >>> 3;
      bits = -next & 7;
      word = bits === 0 ? 0 : source[offset - 1]! << (32 - bits);
    } while (bits >= WINDOW);
  }
}

/** Decodes the last bits, fewer than WINDOW; a code may need more bits than are left. */
function decodeTail(word: number, bits: number, target: Uint8Array, written: number): number {
  while (bits > 0) {
    const symbols = SYMBOLS[word >>> (32 - WINDOW)]!;
    const symbol = symbols & 0xff;
    const length = CODE_LENGTHS[symbol]!;
    if (symbols === 0 || length > bits) {
      if (bits > 7 || word >>> (32 - bits) !== (1 << bits) - 1) throw badPadding();
      return written;
    }
    target[written++] = symbol;
    word <<= length;
    bits -= length;
  }
  return written;
}

/** The 32 bits from bit `position` on. A code that needs bits after the end is refused by the caller. */
function wordAt(source: Uint8Array, position: number): number {
  const first = position >>> 3;
  const shift = position & 7;
  const word =
    (source[first]! << 24) |
    (source[first + 1]! << 16) |
    (source[first + 2]! << 8) |
    source[first + 3]!;
  return ((word << shift) | (source[first + 4]! >>> (8 - shift))) >>> 0;
}

/** Finds the code of more than WINDOW bits at the beginning of `word`. Returns symbol << 5 | length. */
function longSymbol(word: number): number {
  let length = WINDOW + 1;
  while (word >= CODE_LIMITS[length]!) length += 1;
  const nth = (word >>> (32 - length)) - FIRST_CODES[length]!;
  return (SYMBOLS_BY_CODE[FIRST_POSITIONS[length]! + nth]! << 5) | length;
}

function buildSymbols(): Int32Array {
  const firstOf = new Uint8Array(1 << WINDOW);
  const lengthOf = new Uint8Array(1 << WINDOW);
  for (let symbol = 0; symbol < END_OF_STRING; symbol++) {
    const length = CODE_LENGTHS[symbol]!;
    if (length > WINDOW) continue;
    const start = CODES[symbol]! << (WINDOW - length);
    const end = start + (1 << (WINDOW - length));
    firstOf.fill(symbol, start, end);
    lengthOf.fill(length, start, end);
  }
  return Int32Array.from(firstOf, (first, window) => {
    const length = lengthOf[window]!;
    if (length === 0) return 0;
    const rest = (window << length) & ((1 << WINDOW) - 1);
    const both = length + lengthOf[rest]!;
    if (lengthOf[rest] === 0 || both > WINDOW) return (1 << 24) | (length << 16) | first;
    return (2 << 24) | (both << 16) | (firstOf[rest]! << 8) | first;
  });
}

function badPadding(): HpackError {
  return new HpackError(
    'ERR_HPACK_HUFFMAN',
    'a Huffman-coded string ends with neither a whole symbol nor up to seven one bits',
  );
}

function endOfString(): HpackError {
  return new HpackError(
    'ERR_HPACK_HUFFMAN',
    'a Huffman-coded string contains the end-of-string symbol',
  );
}
