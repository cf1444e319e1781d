import { describe, expect, it } from 'vitest';
import { decodeHuffman, roomToDecode } from '../../../../lib/http2/hpack/huffman-decode.js';
import { encodeHuffman } from '../../../../lib/http2/hpack/huffman-encode.js';
import { HpackDecoder, HpackEncoder } from '../../../../lib/http2/hpack/index.js';
import { decode, encode, hex, integer } from './blocks.js';
import { Random } from './random.js';

/** The first and the last code of each length, from RFC 7541, Appendix B. */
const CODES: readonly (readonly [symbol: number, length: number, code: number])[] = [
  [48, 5, 0x0],
  [116, 5, 0x9],
  [32, 6, 0x14],
  [117, 6, 0x2d],
  [58, 7, 0x5c],
  [122, 7, 0x7b],
  [38, 8, 0xf8],
  [90, 8, 0xfd],
  [33, 10, 0x3f8],
  [63, 10, 0x3fc],
  [39, 11, 0x7fa],
  [124, 11, 0x7fc],
  [35, 12, 0xffa],
  [62, 12, 0xffb],
  [0, 13, 0x1ff8],
  [126, 13, 0x1ffd],
  [94, 14, 0x3ffc],
  [125, 14, 0x3ffd],
  [60, 15, 0x7ffc],
  [123, 15, 0x7ffe],
  [92, 19, 0x7fff0],
  [208, 19, 0x7fff2],
  [128, 20, 0xfffe6],
  [226, 20, 0xfffed],
  [153, 21, 0x1fffdc],
  [230, 21, 0x1fffe8],
  [129, 22, 0x3fffd2],
  [233, 22, 0x3fffeb],
  [1, 23, 0x7fffd8],
  [239, 23, 0x7ffff4],
  [9, 24, 0xffffea],
  [237, 24, 0xfffff5],
  [199, 25, 0x1ffffec],
  [235, 25, 0x1ffffef],
  [192, 26, 0x3ffffe0],
  [255, 26, 0x3ffffee],
  [203, 27, 0x7ffffde],
  [254, 27, 0x7fffff0],
  [2, 28, 0xfffffe2],
  [249, 28, 0xffffffe],
  [10, 30, 0x3ffffffc],
  [22, 30, 0x3ffffffe],
];

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');

describe('Huffman code', () => {
  it.each(CODES)('has for %i a code of %i bits', (symbol, length, code) => {
    const bits = code.toString(2).padStart(length, '0');
    const text = String.fromCharCode(symbol).repeat(8);

    expect(toHuffman(text)).toEqual(fromBits(bits.repeat(8)));
    expect(fromHuffman(fromBits(bits.repeat(8)))).toBe(text);
  });

  it('brings back every byte before and behind every other', () => {
    let text = '';
    for (const first of EVERY_BYTE) for (const second of EVERY_BYTE) text += first + second;

    expect(fromHuffman(toHuffman(text)) === text).toBe(true);
  });

  it('brings back each byte alone, and behind one to eight others of different lengths', () => {
    for (const byte of EVERY_BYTE) {
      for (let count = 0; count <= 8; count++) {
        for (const filler of ['0', ' ', ':', '&', '!']) {
          const text = filler.repeat(count) + byte;
          expect(fromHuffman(toHuffman(text))).toBe(text);
        }
      }
    }
  });

  it('brings back random strings of all lengths, read from the middle of other bytes', () => {
    const random = new Random(1);
    for (let length = 0; length < 600; length++) {
      const text = length % 2 === 0 ? random.latin1(length) : random.text(length, 'a0-/!~Z%"');
      const code = toHuffman(text);
      const around = Buffer.concat([random.bytes(3), code, random.bytes(5)]);
      const target = Buffer.alloc(roomToDecode(code.length));

      const decoded = decodeHuffman(around, 3, 3 + code.length, target);

      expect(target.toString('latin1', 0, decoded)).toBe(text);
    }
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('pads with %i one bits, and takes them', (ones) => {
    // Codes of five and six bits, so many of each that this padding is left.
    const zeros = [0, 3, 6, 1, 4, 7, 2, 5][ones]!;
    const bits = '00000'.repeat(zeros) + '010100'.repeat(4);
    const text = '0'.repeat(zeros) + ' '.repeat(4);
    const padded = fromBits(bits + '1'.repeat(ones));

    expect(toHuffman(text)).toEqual(padded);
    expect(fromHuffman(padded)).toBe(text);
  });

  it.each([
    ['eight one bits and nothing else', 'ff'],
    ['16 one bits and nothing else', 'ffff'],
    ['24 one bits and nothing else', 'ffffff'],
    ['"a" and eleven one bits', '1fff'],
    ['"a" and 19 one bits', '1fffff'],
    ['"a" and 27 one bits', '1fffffff'],
    ['"|" and 29 one bits', 'ff9fffffff'],
    ['a zero bit in the padding', '1e'],
    ['zeros for padding', '18'],
    ['the beginning of a long code', 'fffffe'],
    ['a long code that lacks its last bit', '07fffff1'],
    ['a short code that lacks its last bit', 'f1fe'],
  ])('refuses %s', (_, digits) => {
    expect(() => fromHuffman(hex(digits))).toThrow(
      expect.objectContaining({ name: 'HpackError', code: 'ERR_HPACK_HUFFMAN' }),
    );
  });

  it.each([
    ['alone', '', ''],
    ['in front of other symbols', '', '00011'.repeat(5)],
    ['behind other symbols', '00011'.repeat(7), ''],
    ['between symbols', '010100'.repeat(9), '00000'.repeat(9)],
  ])('refuses the end-of-string symbol %s', (_, before, after) => {
    const bits = before + '1'.repeat(30) + after;
    const padded = fromBits(bits.padEnd(Math.ceil(bits.length / 8) * 8, '1'));

    expect(() => fromHuffman(padded)).toThrow(
      expect.objectContaining({ name: 'HpackError', code: 'ERR_HPACK_HUFFMAN' }),
    );
  });

  it('is used for strings that it makes shorter, and for no others', () => {
    const encoder = new HpackEncoder();

    const [shorter, asLong, longer] = ['000', '307', '"'].map((value) =>
      encode(encoder, [['authorization', value]]),
    );

    expect(shorter).toEqual(hex('1f08 82 0001'));
    expect(asLong).toEqual(hex('1f08 03 333037'));
    expect(longer).toEqual(hex('1f08 01 22'));
  });

  it.each([126, 127, 128, 254, 255, 256, 16_510, 16_511, 16_512])(
    'is used for a string that it makes %i bytes long',
    (length) => {
      const text = '0'.repeat(Math.floor((length * 8) / 5));

      const block = encode(new HpackEncoder(), [['cookie', text]]);

      expect(block).toEqual(
        Buffer.concat([hex('1f11'), integer(0x80, 7, length), toHuffman(text)]),
      );
      expect(toHuffman(text)).toHaveLength(length);
      expect(decode(new HpackDecoder(), block)).toEqual([['cookie', text, 'never indexed']]);
    },
  );

  it('may be used for any string, the empty one and very long ones too', () => {
    const text = new Random(2).latin1(50_000);
    const code = toHuffman(text);

    const block = Buffer.concat([hex('00 80'), integer(0x80, 7, code.length), code]);

    expect(decode(new HpackDecoder(), block)).toEqual([['', text]]);
  });
});

function toHuffman(text: string): Buffer {
  const target = Buffer.alloc(4 * text.length + 4);
  return target.subarray(0, encodeHuffman(text, target, 0, target.length));
}

function fromHuffman(bytes: Buffer): string {
  const target = Buffer.alloc(roomToDecode(bytes.length));
  return target.toString('latin1', 0, decodeHuffman(bytes, 0, bytes.length, target));
}

/** Bytes from a number of bits that is a multiple of eight. */
function fromBits(bits: string): Buffer {
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
}
