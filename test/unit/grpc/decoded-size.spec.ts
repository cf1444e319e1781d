import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import {
  estimateDecodedSize,
  measureDecodedSize,
} from '../../../lib/grpc/built-in/decoded-size.js';

const LENGTH = 128 * 1024;

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

/** A length-delimited field. */
function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from([...varint((number << 3) | 2), ...varint(content.length)]),
    content,
  ]);
}

/** A message of `LENGTH` bytes that is `unit` again and again. */
function many(unit: Uint8Array): Buffer {
  return Buffer.concat(Array(Math.floor(LENGTH / unit.length)).fill(unit) as Uint8Array[]);
}

const NOTHING = Buffer.alloc(0);
const TEXT = Buffer.from('some text of an honest caller, ');

describe('the estimate of what a message becomes', () => {
  it.each<[string, Buffer, [atLeast: number, atMost: number]]>([
    // Measured with protobufjs: 34 times, 13 times, 5 times, 2 times.
    ['empty sub-messages', many(field(1, NOTHING)), [30, 40]],
    ['sub-messages of a letter', many(field(1, field(1, Buffer.from('a')))), [10, 25]],
    ['sub-messages of a word', many(field(1, field(1, Buffer.from('abcdefghijklmnop')))), [4, 7]],
    ['words', many(field(2, Buffer.from('abcdefghijklmnop'))), [2, 4]],
    ['numbers', many(Buffer.from([3 << 3, 1])), [4, 8]],
    ['one text', field(1, many(TEXT)), [1, 1.1]],
    ['one text of a single letter', field(1, Buffer.alloc(LENGTH, 'a')), [1, 1.1]],
    [
      'one text that is well-formed fields',
      field(1, many(Buffer.from('R R                                ')).subarray(0, LENGTH - 34)),
      [1, 1.1],
    ],
    ['zeros', field(1, Buffer.alloc(LENGTH)), [1, 1.1]],
    ['sub-messages deep inside others', nested(50, many(field(1, NOTHING))), [30, 40]],
    ['unknown groups', many(Buffer.from([(7 << 3) | 3, (7 << 3) | 4])), [1, 16]],
  ])('of %s is near what they take', (_what, message, [atLeast, atMost]) => {
    const ratio = estimateDecodedSize(message) / message.length;
    expect(ratio).toBeGreaterThanOrEqual(atLeast);
    expect(ratio).toBeLessThanOrEqual(atMost);
  });

  it('of a small message is a multiple of its length', () => {
    expect(estimateDecodedSize(NOTHING)).toBe(0);
    expect(estimateDecodedSize(Buffer.alloc(100))).toBe(3200);
  });

  it('stops where it is more than there is room for', () => {
    const message = many(field(1, NOTHING));
    expect(estimateDecodedSize(message, 2 * LENGTH)).toBeLessThan(2 * LENGTH + 1000);
  });

  it.each([1, 2, 3, 4, 5])(
    'takes any bytes, at no depth more than a few times (seed %i)',
    (seed) => {
      const bytes = Buffer.alloc(LENGTH);
      for (let i = 0, state = seed; i < LENGTH; i += 1) {
        state = (state * 1103515245 + 12345) & 0x7fffffff;
        bytes[i] = seed === 1 ? state >> 16 : [0x0a, 0x7f, 0x12, 0x01, 0x0a][(state >> 16) % seed]!;
      }
      expect(estimateDecodedSize(bytes)).toBeGreaterThanOrEqual(LENGTH);
    },
  );
});

function nested(depth: number, content: Buffer): Buffer {
  let message = content;
  for (let i = 0; i < depth; i += 1) message = field(1, message);
  return message;
}

describe('the measure of what a message became', () => {
  const require = createRequire(createRequire(import.meta.url).resolve('@grpc/proto-loader'));
  const { parse } = require('protobufjs') as {
    parse(source: string): { root: { lookupType(name: string): DecodedType } };
  };
  interface DecodedType {
    decode(message: Uint8Array): object;
    toObject(decoded: object, options: object): object;
  }
  const type = parse(`syntax = "proto3";
    message Item { string name = 1; }
    message Everything {
      repeated Item items = 1; repeated string texts = 2; repeated int32 numbers = 3;
      repeated int64 longs = 4; map<string, string> map = 6; repeated bytes pieces = 8; bytes all = 9;
    }`).root.lookupType('Everything');
  const decode = (message: Buffer): object => type.toObject(type.decode(message), {});

  it.each<[string, Buffer, [atLeast: number, atMost: number]]>([
    ['empty sub-messages', many(field(1, NOTHING)), [30, 40]],
    ['empty texts', many(field(2, NOTHING)), [5, 8]],
    ['packed numbers', field(3, Buffer.alloc(LENGTH, 1)), [8, 16]],
    ['packed longs', field(4, Buffer.alloc(LENGTH, 1)), [50, 80]],
    ['short pieces', many(field(8, Buffer.from('a'))), [30, 45]],
    ['one text', field(2, many(TEXT)), [1, 1.1]],
    ['bytes', field(9, Buffer.alloc(LENGTH)), [1, 1.1]],
    [
      'a byte in a long message',
      Buffer.concat([field(9, TEXT), field(15, Buffer.alloc(LENGTH))]),
      [1, 1.1],
    ],
  ])('of %s is near what they take', (_what, message, [atLeast, atMost]) => {
    const ratio = measureDecodedSize(decode(message), message.length) / message.length;
    expect(ratio).toBeGreaterThanOrEqual(atLeast);
    expect(ratio).toBeLessThanOrEqual(atMost);
  });

  describe('of a list that is too long to look at each item', () => {
    const COUNT = 100_000;
    class Wide {
      readonly own = 'some text';
    }
    for (let i = 0; i < 100; i += 1) {
      Object.assign(Wide.prototype, { [`inherited${i}`]: 'more text' });
    }

    /** In parts so short that each item is looked at. */
    function measureAll(items: readonly object[]): number {
      let sum = 0;
      for (let i = 0; i < items.length; i += 100) {
        sum += measureDecodedSize(items.slice(i, i + 100), 1000);
      }
      return sum;
    }

    it.each<[string, (i: number) => object]>([
      ['items that are alike', () => ({ name: 'some name', amount: 5 })],
      ['items of two kinds', (i) => (i % 2 === 0 ? {} : { name: 'some name', list: [1, 2, 3] })],
      ['large items behind small ones', (i) => (i < COUNT / 2 ? {} : { list: [{}, {}, {}] })],
      ['objects whose class has properties', () => new Wide()],
    ])('is near what they all take: %s', (_what, itemAt) => {
      const items = Array.from({ length: COUNT }, (_, i) => itemAt(i));
      const ratio = measureDecodedSize(items, 1_000_000) / measureAll(items);
      expect(ratio).toBeGreaterThan(0.7);
      expect(ratio).toBeLessThan(1.4);
    });

    it('does not take one large item for many', () => {
      const items: object[] = Array.from({ length: COUNT }, () => ({}));
      items[COUNT / 2] = { text: 'x'.repeat(1_000_000) };
      const most = 80 * COUNT + 1_000_000 + (COUNT / 256) * 16 * 1024;
      for (let i = 0; i < 1000; i += 1) {
        expect(measureDecodedSize(items, 1_100_000)).toBeLessThan(most);
      }
    });
  });

  it('comes to an end where objects go in circles, or their properties throw', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    circle['others'] = [circle, circle, circle];
    expect(measureDecodedSize(circle, 1000)).toBeLessThan(1_000_000);
    const throwing = { a: 1 };
    Object.defineProperty(throwing, 'b', {
      enumerable: true,
      get: () => {
        throw new Error('not to be read');
      },
    });
    expect(measureDecodedSize(throwing, 1000)).toBe(1000);
  });

  it.each([undefined, null, 5, true, 'text', 5n, new Date(), new Map([[1, 2]])])(
    'takes %s, as a deserializer of the user may return it',
    (value) => expect(measureDecodedSize(value, 1000)).toBe(1000),
  );
});
