/** The EOS symbol. It must not appear in a string; its first bits are the padding (RFC 7541, 5.2). */
export const END_OF_STRING = 256;

/** Length of the longest code, in bits. */
const MAX_CODE_LENGTH = 30;

/** Code length of each symbol, in bits: 256 bytes, then END_OF_STRING (RFC 7541, Appendix B). */
export const CODE_LENGTHS = Uint8Array.from([
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5,
  6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6,
  7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
  23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22,
  22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
  23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27,
  27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25,
  24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
]);

/**
 * Code of each symbol, right-aligned. The lengths define the codes, because the code is canonical: shorter
 * codes come first, and codes of one length are consecutive, in the order of their symbols.
 */
export const CODES = new Int32Array(CODE_LENGTHS.length);

/** Symbols in the order of their codes. */
export const SYMBOLS_BY_CODE = new Uint16Array(CODE_LENGTHS.length);

/** By length: position in SYMBOLS_BY_CODE of the first code of this length. */
export const FIRST_POSITIONS = new Uint16Array(MAX_CODE_LENGTH + 1);

/** By length: the first code of this length. */
export const FIRST_CODES = new Int32Array(MAX_CODE_LENGTH + 1);

/** By length: the smallest 32 bits of input, read as a number, that begin with a longer code. */
export const CODE_LIMITS = new Float64Array(MAX_CODE_LENGTH + 1);

let code = 0;
let position = 0;
for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
  code *= 2;
  FIRST_CODES[length] = code;
  FIRST_POSITIONS[length] = position;
  for (let symbol = 0; symbol < CODE_LENGTHS.length; symbol++) {
    if (CODE_LENGTHS[symbol] !== length) continue;
    CODES[symbol] = code++;
    SYMBOLS_BY_CODE[position++] = symbol;
  }
  CODE_LIMITS[length] = code * 2 ** (32 - length);
}
