import { describe, expect, it } from 'vitest';
import {
  HpackDecoder,
  HpackError,
  type HpackErrorCode,
} from '../../../../lib/http2/hpack/index.js';
import {
  decode,
  decodeSome,
  hex,
  indexed,
  INSERTED,
  integer,
  literal,
  NEVER_INDEXED,
  NOT_INDEXED,
  sizeUpdate,
  tableOf,
  type Header,
} from './blocks.js';
import { Random } from './random.js';

describe('HpackDecoder refuses', () => {
  it.each<[what: string, digits: string, code: HpackErrorCode]>([
    ['index 0', '80', 'ERR_HPACK_INDEX'],
    ['the first index of an empty dynamic table', 'be', 'ERR_HPACK_INDEX'],
    ['an index far beyond the tables', 'ff80808001', 'ERR_HPACK_INDEX'],
    ['the largest index there can be', 'ff80ffffff07', 'ERR_HPACK_INDEX'],
    ['an inserted literal with a name that no table has', '7e0161', 'ERR_HPACK_INDEX'],
    ['a literal with a name that no table has', '0f2f0161', 'ERR_HPACK_INDEX'],
    ['a never-indexed literal with a name that no table has', '1f2f0161', 'ERR_HPACK_INDEX'],
    ['an index of 2^31', 'ff81ffffff07', 'ERR_HPACK_INTEGER'],
    ['an index above 2^32 that would be 2 if bits were lost', 'ff83ffffff0f', 'ERR_HPACK_INTEGER'],
    ['an index with six octets behind its prefix', 'ff808080808000', 'ERR_HPACK_INTEGER'],
    ['an index that never ends', 'ff' + '80'.repeat(50), 'ERR_HPACK_INTEGER'],
    ['the length of a name above 2^31', '407f81ffffff0761', 'ERR_HPACK_INTEGER'],
    ['the length of a value above 2^31', '4001617fffffffff0f61', 'ERR_HPACK_INTEGER'],
    ['a Huffman-coded length above 2^31', '400161ffffffffff0f61', 'ERR_HPACK_INTEGER'],
    ['a size update above 2^31', '3fffffffff0f', 'ERR_HPACK_INTEGER'],
    ['a name with wrong padding', '40811801 61', 'ERR_HPACK_HUFFMAN'],
    ['a value with wrong padding', '4001618118', 'ERR_HPACK_HUFFMAN'],
    ['a value with too much padding', '400161821fff', 'ERR_HPACK_HUFFMAN'],
    ['a value with the end-of-string symbol', '40016184ffffffff', 'ERR_HPACK_HUFFMAN'],
    [
      'a value that is the end-of-string symbol, not indexed',
      '00016184ffffffff',
      'ERR_HPACK_HUFFMAN',
    ],
    ['a size update above the limit', '3fe21f', 'ERR_HPACK_TABLE_SIZE'],
    ['a size update above the limit behind a good one', '203fe21f', 'ERR_HPACK_TABLE_SIZE'],
    ['a size update behind an indexed header', '8220', 'ERR_HPACK_TABLE_SIZE'],
    ['a size update behind a literal', '00016101 6220', 'ERR_HPACK_TABLE_SIZE'],
    ['a size update behind a size update and a header', '20823f00', 'ERR_HPACK_TABLE_SIZE'],
    ['a length with no string', '400161', 'ERR_HPACK_TRUNCATED'],
    ['a string longer than the block', '40016102 62', 'ERR_HPACK_TRUNCATED'],
    ['a Huffman-coded string longer than the block', '40016182 1f', 'ERR_HPACK_TRUNCATED'],
    ['a string of 2^31 - 1 bytes in a block of few', '4001617f80ffffff07', 'ERR_HPACK_TRUNCATED'],
  ])('%s', (_, digits, code) => {
    expectError(new HpackDecoder(), hex(digits), code);
  });

  it('a block that ends inside any of its fields', () => {
    const fields = [
      sizeUpdate(3000),
      indexed(2),
      hex('4088 25a849e95ba97d7f 89 25a849e95bb8e8b4bf'),
      literal(INSERTED, 'x'.repeat(200), 'y'.repeat(300)),
      literal(NOT_INDEXED, 'custom-key', 'custom-value'),
      literal(NEVER_INDEXED, 'password', 'secret'),
      hex('0f2f 03 666f6f'),
      indexed(63),
    ];
    const block = Buffer.concat(fields);
    const ends = new Set(fields.map((_, count) => Buffer.concat(fields.slice(0, count)).length));
    ends.add(block.length);

    for (let end = 0; end <= block.length; end++) {
      const cut = block.subarray(0, end);
      if (ends.has(end)) decode(new HpackDecoder(), cut);
      else expectError(new HpackDecoder(), cut, 'ERR_HPACK_TRUNCATED');
    }
  });

  it('to read behind the end of a block, or before its start', () => {
    const block = literal(INSERTED, 'name', 'value');
    const around = Buffer.concat([indexed(2), block, indexed(3)]);
    const decoder = new HpackDecoder();
    const headers: string[] = [];
    const collect = (name: string, value: string) => headers.push(name, value);

    decoder.decode(around, 1, 1 + block.length, collect);
    decoder.decode(around, 1, 1, collect);

    expect(headers).toEqual(['name', 'value']);
    expect(() => decoder.decode(around, 1, block.length, collect)).toThrow(
      expect.objectContaining({ code: 'ERR_HPACK_TRUNCATED' }),
    );
  });

  it.each([
    [{ maxTableSize: -1 }, 'maxTableSize'],
    [{ maxTableSize: 2 ** 31 }, 'maxTableSize'],
    [{ maxTableSize: 1.5 }, 'maxTableSize'],
    [{ maxHeaderListSize: -1 }, 'maxHeaderListSize'],
    [{ maxHeaderListSize: NaN }, 'maxHeaderListSize'],
    [{ maxHeaderListSize: '1' as never }, 'maxHeaderListSize'],
  ])('the options %o, by name', (options, name) => {
    expect(() => new HpackDecoder(options)).toThrow(
      expect.objectContaining({
        name: 'HpackError',
        code: 'ERR_HPACK_CONFIG',
        message: expect.stringContaining(`"${name}"`) as string,
      }),
    );
  });
});

describe('HpackDecoder takes', () => {
  it.each<[what: string, digits: string, headers: Header[]]>([
    ['an empty block', '', []],
    ['a size update with zeros for its highest digits', '3f8080808000 82', [[':method', 'GET']]],
    ['several size updates in a row', '20 3fe11f 20 3fe11f 82', [[':method', 'GET']]],
    ['nothing but a size update', '20', []],
    ['an empty name and an empty value', '00 00 00', [['', '']]],
    ['an empty name and an empty value in Huffman code', '00 80 80', [['', '']]],
    ['bytes that HTTP forbids', '00 03 00ff0a 02 0d80', [['\0\xff\n', '\r\x80']]],
    ['a literal with the name of an entry', '04 01 61', [[':path', 'a']]],
    ['a never-indexed one', '14 01 61', [[':path', 'a', 'never indexed']]],
    ['the last entry of the static table', 'bd', [['www-authenticate', '']]],
    ['a literal with its name', '0f2e 01 61', [['www-authenticate', 'a']]],
  ])('%s', (_, digits, headers) => {
    expect(decode(new HpackDecoder(), hex(digits))).toEqual(headers);
  });

  it('an index with zeros for its highest digits', () => {
    const decoder = new HpackDecoder();
    decode(decoder, Buffer.concat(Array<Buffer>(126).fill(literal(INSERTED, '', ''))));

    expect(decode(decoder, hex('ffbc80808000'))).toEqual([['', '']]);
  });

  it.each([0, 1, 2, 3, 4, 5, 11, 12, 13, 14, 100, 127, 128, 10_000])(
    'strings of %i bytes, one character for each byte',
    (length) => {
      const text = new Random(length).latin1(length);

      expect(decode(new HpackDecoder(), literal(NOT_INDEXED, text, text))).toEqual([[text, text]]);
    },
  );
});

describe('the dynamic table of HpackDecoder', () => {
  it('holds nothing when its size is 0, and headers are still read', () => {
    const decoder = new HpackDecoder({ maxTableSize: 0 });

    expect(decode(decoder, literal(INSERTED, 'a', 'b'))).toEqual([['a', 'b']]);
    expect(tableOf(decoder)).toEqual([]);
  });

  it('is emptied by an entry that is larger than it is', () => {
    const decoder = new HpackDecoder({ maxTableSize: 100 });
    decode(decoder, literal(INSERTED, 'a', 'b'));

    expect(decode(decoder, literal(INSERTED, 'a', 'x'.repeat(68)))).toHaveLength(1);

    expect(tableOf(decoder)).toEqual([]);
  });

  it('keeps an entry that fills it to the last byte', () => {
    const decoder = new HpackDecoder({ maxTableSize: 100 });

    decode(decoder, literal(INSERTED, 'a', 'x'.repeat(67)));

    expect(tableOf(decoder)).toHaveLength(1);
  });

  it('lends its name to an entry that drives out the one it comes from', () => {
    const decoder = new HpackDecoder({ maxTableSize: 100 });
    decode(decoder, literal(INSERTED, 'name', 'first'));

    const block = Buffer.concat([integer(INSERTED, 6, 62), hex('3f'), Buffer.alloc(63, 'x')]);

    expect(decode(decoder, block)).toEqual([['name', 'x'.repeat(63)]]);
    expect(tableOf(decoder)).toEqual([['name', 'x'.repeat(63)]]);
  });

  it('evicts the oldest entries when a size update makes it smaller, and no more than it must', () => {
    const decoder = new HpackDecoder();
    for (const name of ['a', 'b', 'c']) decode(decoder, literal(INSERTED, name, 'v'));

    decode(decoder, sizeUpdate(68));
    expect(tableOf(decoder).map(([name]) => name)).toEqual(['c', 'b']);
    decode(decoder, sizeUpdate(67));
    expect(tableOf(decoder).map(([name]) => name)).toEqual(['c']);
    decode(decoder, sizeUpdate(0));
    expect(tableOf(decoder)).toEqual([]);
    decode(decoder, Buffer.concat([sizeUpdate(4096), literal(INSERTED, 'd', 'v')]));
    expect(tableOf(decoder).map(([name]) => name)).toEqual(['d']);
  });

  it('has as many entries as fit into its bytes, in order, however long it is used', () => {
    const decoder = new HpackDecoder({ maxTableSize: 4096 });
    for (let i = 0; i < 1000; i++) decode(decoder, literal(INSERTED, '', ''));
    expect(tableOf(decoder)).toHaveLength(128);

    for (let i = 0; i < 300; i++) decode(decoder, literal(INSERTED, `${i}`, ''));

    const names = tableOf(decoder).map(([name]) => Number(name));
    expect(names).toEqual(Array.from({ length: 117 }, (_, index) => 299 - index));
  });

  it('may be larger than 4096 bytes, from an update on that says so', () => {
    const decoder = new HpackDecoder({ maxTableSize: 65_536, maxHeaderListSize: Infinity });
    const entry = literal(INSERTED, 'name', 'x'.repeat(1964));
    for (let i = 0; i < 4; i++) decode(decoder, entry);
    expect(tableOf(decoder)).toHaveLength(2);

    decode(decoder, Buffer.concat([sizeUpdate(65_536), ...Array<Buffer>(40).fill(entry)]));

    expect(tableOf(decoder)).toHaveLength(32);
  });

  describe('when our setting was lowered and the peer has acknowledged that', () => {
    const lowered = () => {
      const decoder = new HpackDecoder();
      decode(decoder, literal(INSERTED, 'a', 'b'));
      decoder.setMaxTableSize(100);
      return decoder;
    };

    it.each([
      ['a block without an update', '82'],
      ['a block with an update above it', '3f 46'],
      ['an empty block', ''],
    ])('refuses %s', (_, digits) => {
      expectError(lowered(), hex(digits), 'ERR_HPACK_TABLE_SIZE');
    });

    it('takes an update to it, or below, once', () => {
      for (const size of [100, 50, 0]) {
        const decoder = lowered();
        expect(decode(decoder, Buffer.concat([sizeUpdate(size), indexed(2)]))).toHaveLength(1);
        expect(decode(decoder, indexed(2))).toHaveLength(1);
        expectError(decoder, sizeUpdate(101), 'ERR_HPACK_TABLE_SIZE');
      }
    });

    it('keeps what fits', () => {
      const decoder = lowered();
      decode(decoder, sizeUpdate(100));
      expect(tableOf(decoder)).toEqual([['a', 'b']]);
    });

    it('wants the smallest of several settings first, then at most the last', () => {
      const settings = () => {
        const decoder = lowered();
        decoder.setMaxTableSize(40);
        decoder.setMaxTableSize(2000);
        return decoder;
      };
      expectError(settings(), sizeUpdate(100), 'ERR_HPACK_TABLE_SIZE');
      expectError(settings(), hex('82'), 'ERR_HPACK_TABLE_SIZE');
      const tooMuch = Buffer.concat([sizeUpdate(40), sizeUpdate(2001)]);
      expectError(settings(), tooMuch, 'ERR_HPACK_TABLE_SIZE');

      const decoder = settings();
      decode(decoder, Buffer.concat([sizeUpdate(40), sizeUpdate(2000)]));
      expect(tableOf(decoder)).toEqual([['a', 'b']]);
    });

    it('wants no update if the peer uses no more than that', () => {
      const decoder = new HpackDecoder();
      decode(decoder, sizeUpdate(100));

      decoder.setMaxTableSize(100);

      expect(decode(decoder, hex('82'))).toHaveLength(1);
    });
  });

  it('wants no update when our setting was raised, and takes one', () => {
    const decoder = new HpackDecoder();

    decoder.setMaxTableSize(10_000);

    decode(decoder, hex('82'));
    decode(decoder, sizeUpdate(10_000));
    expectError(decoder, sizeUpdate(10_001), 'ERR_HPACK_TABLE_SIZE');
  });

  it('refuses a setting that cannot be, by name', () => {
    expect(() => new HpackDecoder().setMaxTableSize(-1)).toThrow(
      expect.objectContaining({ code: 'ERR_HPACK_CONFIG' }),
    );
  });
});

function expectError(decoder: HpackDecoder, block: Buffer, code: HpackErrorCode): void {
  let caught: unknown;
  try {
    decodeSome(decoder, block);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(HpackError);
  expect(caught).toMatchObject({ name: 'HpackError', code });
}
