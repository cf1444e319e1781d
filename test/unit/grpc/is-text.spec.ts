import { describe, expect, it } from 'vitest';
import { isText } from '../../../lib/grpc/built-in/is-text.js';

const LENGTHS = [0, 1, 5, 64, 1023, 1024, 1025, 5000];

describe('isText', () => {
  it.each(LENGTHS)(
    'takes printable ASCII, tabs and ends of lines of %i bytes, wherever they lie',
    (length) => {
      const all = Array.from({ length: 95 }, (_, i) => 32 + i).concat(9, 10, 13);
      const bytes = Buffer.from(Array.from({ length: length + 8 }, (_, i) => all[i % all.length]!));
      for (let start = 0; start < 8; start += 1) {
        expect(isText(bytes, start, start + length)).toBe(true);
        expect(isText(bytes.subarray(start), 0, length)).toBe(true);
      }
    },
  );

  it.each([0, 8, 11, 12, 14, 31, 127, 128, 159, 160, 223, 254, 255])(
    'finds the byte %i anywhere',
    (byte) => {
      const length = 1100;
      for (let at = 0; at < length; at += 1) {
        const bytes = Buffer.alloc(length, 'a');
        bytes[at] = byte;
        expect(isText(bytes, 0, length)).toBe(false);
        expect(isText(bytes, 0, at)).toBe(true);
        expect(isText(bytes, at + 1, length)).toBe(true);
      }
    },
  );

  it('does not look beyond its part', () => {
    const bytes = Buffer.concat([Buffer.alloc(3), Buffer.alloc(2001, '~'), Buffer.alloc(3, 255)]);
    expect(isText(bytes, 3, 2004)).toBe(true);
    expect(isText(bytes, 2, 2004)).toBe(false);
    expect(isText(bytes, 3, 2005)).toBe(false);
  });
});
