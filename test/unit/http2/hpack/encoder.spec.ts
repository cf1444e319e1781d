import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../../lib/http2/hpack/byte-writer.js';
import {
  HpackDecoder,
  HpackEncoder,
  SECRET_NAMES,
  VARYING_NAMES,
} from '../../../../lib/http2/hpack/index.js';
import { memoryInUse } from '../../../fixtures/yamux-streams.js';
import {
  decode,
  encode,
  flat,
  hex,
  indexed,
  sizeUpdate,
  tableOf,
  tableSizeOf,
  type Header,
} from './blocks.js';

/** What a gRPC client sends for every call. */
const REQUEST: readonly Header[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/Payload/Echo'],
  [':authority', 'backchannel'],
  ['te', 'trailers'],
  ['content-type', 'application/grpc'],
  ['user-agent', 'x'],
  ['grpc-accept-encoding', 'identity,deflate,gzip'],
];

describe('HpackEncoder', () => {
  it('takes eight bytes for the usual request from the second call on', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const lengths: number[] = [];

    for (let call = 0; call < 1000; call++) {
      const block = encode(encoder, REQUEST);
      lengths.push(block.length);
      expect(decode(decoder, block)).toEqual(REQUEST);
    }

    expect(lengths[0]).toBeLessThan(100);
    expect(new Set(lengths.slice(1))).toEqual(new Set([8]));
  });

  it('takes six more, on average, for a deadline that differs each time, and none for a second method', () => {
    const encoder = new HpackEncoder({ varyingNames: ['grpc-timeout'] });
    const decoder = new HpackDecoder();
    let bytes = 0;

    for (let call = 0; call < 1000; call++) {
      const headers: Header[] = [
        ...REQUEST.map(
          ([name, value]) => [name, name === ':path' ? value + (call % 2) : value] as const,
        ),
        ['grpc-timeout', `${call}m`],
      ];
      const block = encode(encoder, headers);
      bytes += block.length;
      expect(decode(decoder, block)).toEqual(headers);
    }

    expect(bytes / 1000).toBeLessThan(14.2);
  });

  it('finds an entry by what the strings say, not by which they are', () => {
    const encoder = new HpackEncoder();
    encode(encoder, REQUEST);

    const copies = REQUEST.map(([name, value]): Header => [copyOf(name), copyOf(value)]);

    expect(encode(encoder, copies)).toHaveLength(8);
  });

  it('finds a value again behind others of the same name', () => {
    const encoder = new HpackEncoder();
    for (const path of ['/a', '/b', '/c']) encode(encoder, [[':path', path]]);

    const again = ['/a', '/c', '/b', '/', '/index.html'].map((path) =>
      encode(encoder, [[':path', path]]),
    );

    expect(again).toEqual([indexed(64), indexed(62), indexed(63), indexed(4), indexed(5)]);
  });

  it('names an entry of the static table, where there is one, and else the newest of its own', () => {
    const encoder = new HpackEncoder();
    encode(encoder, [
      ['content-type', 'a'],
      ['custom', '1'],
      ['custom', '2'],
    ]);

    expect(encode(encoder, [['content-type', 'b']])).toEqual(hex('5f 01 62'));
    expect(encode(encoder, [['custom', '3']])).toEqual(hex('7f00 01 33'));
  });

  it('has entries whose index needs two bytes', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const headers = Array.from({ length: 100 }, (_, index): Header => [`n${index}`, '']);
    decode(decoder, encode(encoder, headers));

    const block = encode(encoder, headers);

    expect(decode(decoder, block)).toEqual(headers);
    expect(block).toHaveLength(65 + 2 * 35);
  });

  it('inserts again what was evicted', () => {
    const encoder = new HpackEncoder({ maxTableSize: 128 });
    const decoder = new HpackDecoder();
    const insert = (name: string, value: string) => {
      const block = encode(encoder, [[name, value]]);
      expect(decode(decoder, block)).toEqual([[name, value]]);
      return block.length;
    };
    insert('a', '1');
    insert('b', '1');
    insert('a', '2');
    expect([insert('a', '1'), insert('b', '1'), insert('a', '2')]).toEqual([1, 1, 1]);

    // Each drives out the oldest.
    expect([insert('c', '1'), insert('a', '1')]).toEqual([5, 4]);
    expect(tableOf(decoder)).toEqual([
      ['a', '1'],
      ['c', '1'],
      ['a', '2'],
    ]);
    expect([insert('c', '1'), insert('a', '2'), insert('b', '1')]).toEqual([1, 1, 5]);
    // The last entry with a name takes the name along.
    insert('d', '1');
    insert('e', '1');
    expect([insert('c', '1')]).toEqual([5]);
  });

  it('inserts an entry whose name goes as room is made for it', () => {
    const encoder = new HpackEncoder({ maxTableSize: 150 });
    const decoder = new HpackDecoder();
    for (let i = 0; i < 6; i++) {
      // Two of them fill the table, so the one with the same name leaves, and it is the last one.
      for (const name of ['one', 'two']) {
        const headers: Header[] = [[name, `${i}`.repeat(40)]];
        expect(decode(decoder, encode(encoder, headers))).toEqual(headers);
        expect(tableOf(decoder)[0]).toEqual(headers[0]);
        expect(encode(encoder, headers)).toEqual(indexed(62));
      }
    }
    expect(tableSizeOf(decoder)).toBe(150);
  });

  it('does not insert what would take more than half of the table', () => {
    const encoder = new HpackEncoder({ maxTableSize: 200 });
    const decoder = new HpackDecoder();
    const half = 'x'.repeat(200 / 2 - 32 - 1);

    decode(decoder, encode(encoder, [['a', half]]));
    decode(decoder, encode(encoder, [['b', `${half}x`]]));

    expect(tableOf(decoder)).toEqual([['a', half]]);
  });

  it('remembers no more names than the table holds', async () => {
    const encoder = new HpackEncoder();
    const out = new ByteWriter();
    const run = (from: number) => {
      for (let i = from; i < from + 50_000; i++) {
        out.reset();
        encoder.encode([`name-${i}`, 'value', ':path', `/${i}`, 'x-request-id', `${i}`], out);
      }
    };
    run(0);
    const before = await memoryInUse();

    run(50_000);

    expect((await memoryInUse()) - before).toBeLessThan(1024 * 1024);
  });

  describe('with headers that vary', () => {
    it.each(VARYING_NAMES)('inserts the name %s once, then only refers to it', (name) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      const inStatic = encode(new HpackEncoder(), [[name, '1']])[0]! < 0x40;

      const blocks = ['1', '2', '3'].map((value) => encode(encoder, [[name, value]]));

      expect(blocks.flatMap((block) => decode(decoder, block))).toEqual([
        [name, '1'],
        [name, '2'],
        [name, '3'],
      ]);
      expect(tableOf(decoder)).toEqual(inStatic ? [] : [[name, '1']]);
      expect(blocks[2]!.length).toBeLessThanOrEqual(4);
    });

    it('inserts the name again when it was evicted', () => {
      const encoder = new HpackEncoder({ maxTableSize: 100 });
      const decoder = new HpackDecoder();
      for (const [name, value] of [
        ['b3', '1'],
        ['b3', '2'],
        ['custom', '1'],
        ['custom', '2'],
        ['custom', '3'],
        ['b3', '3'],
      ] as const) {
        decode(decoder, encode(encoder, [[name, value]]));
      }

      expect(tableOf(decoder)[0]).toEqual(['b3', '3']);
    });

    it('sends a value that comes again, and is in the table, as its index', () => {
      const encoder = new HpackEncoder();
      encode(encoder, [['grpc-timeout', '1S']]);

      expect(encode(encoder, [['grpc-timeout', '1S']])).toEqual(indexed(62));
    });

    it('takes further names', () => {
      const encoder = new HpackEncoder({ varyingNames: ['x-call'] });
      const decoder = new HpackDecoder();

      for (const value of ['1', '2', '3']) {
        decode(
          decoder,
          encode(encoder, [
            ['x-call', value],
            ['b3', value],
          ]),
        );
      }

      expect(tableOf(decoder)).toEqual([
        ['b3', '1'],
        ['x-call', '1'],
      ]);
    });
  });

  describe('with secrets', () => {
    it.each(SECRET_NAMES)('sends %s never indexed, each time, and keeps no entry', (name) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();

      for (let i = 0; i < 2; i++) {
        expect(decode(decoder, encode(encoder, [[name, 'secret']]))).toEqual([
          [name, 'secret', 'never indexed'],
        ]);
      }
      expect(tableOf(decoder)).toEqual([]);
    });

    it('sends a long one again as it was, and another one as it is', () => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      const out = new ByteWriter();
      const tokens = ['a', 'a', 'b', 'b', 'a'].map((char) => `Bearer ${char.repeat(900)}`);

      for (const token of tokens) {
        // Into the same bytes each time, so that nothing may be kept of them.
        out.reset();
        encoder.encode(['authorization', token], out);
        expect(decode(decoder, out.written())).toEqual([['authorization', token, 'never indexed']]);
      }
      expect(() => encode(encoder, [['authorization', '\u0100'.repeat(900)]])).toThrow();
      out.reset();
      encoder.encode(['authorization', tokens[0]!], out);
      expect(decode(decoder, out.written())).toEqual([
        ['authorization', tokens[0]!, 'never indexed'],
      ]);
    });

    it('does not find even the empty value in the static table', () => {
      expect(encode(new HpackEncoder(), [['authorization', '']])).toEqual(hex('1f08 00'));
    });

    it('takes names for one block, whatever was sent before', () => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      const headers: Header[] = [
        ['x-api-key', 'secret'],
        ['user-agent', 'x'],
        ['b3', '1'],
      ];
      decode(decoder, encode(encoder, headers));

      const block = encode(encoder, headers, new Set(['x-api-key', 'b3']));

      expect(decode(decoder, block)).toEqual([
        ['x-api-key', 'secret', 'never indexed'],
        ['user-agent', 'x'],
        ['b3', '1', 'never indexed'],
      ]);
      expect(tableOf(decoder)).toHaveLength(3);
    });

    it('takes names for all blocks', () => {
      const encoder = new HpackEncoder({ secretNames: ['x-api-key'] });

      const [first, second] = ['x-api-key', 'cookie'].map((name) =>
        decode(new HpackDecoder(), encode(encoder, [[name, 'secret']])),
      );

      expect(first).toEqual([['x-api-key', 'secret', 'never indexed']]);
      expect(second).toEqual([['cookie', 'secret', 'never indexed']]);
    });
  });

  describe('with a table of another size', () => {
    const METHOD: Header[] = [[':method', 'GET']];

    it('says at once that it uses less than 4096 bytes', () => {
      const encoder = new HpackEncoder({ maxTableSize: 100 });

      expect(encode(encoder, METHOD)).toEqual(Buffer.concat([sizeUpdate(100), hex('82')]));
      expect(encode(encoder, METHOD)).toEqual(hex('82'));
    });

    it.each<[what: string, own: number, settings: number[], updates: number[]]>([
      ['no change', 4096, [4096], []],
      ['more than it wants', 4096, [8192, 1_000_000], []],
      ['more, and it wants that', 65_536, [8192], [8192]],
      ['more than it wants, and it wants more', 65_536, [1_000_000], [65_536]],
      ['the largest value of all', 65_536, [0xffff_ffff], [65_536]],
      ['less', 4096, [1000], [1000]],
      ['nothing', 4096, [0], [0]],
      ['less and less', 4096, [1000, 100], [100]],
      ['less and as much as before', 4096, [100, 4096], [100, 4096]],
      ['less, more, and in between', 4096, [100, 4096, 50, 2000, 300], [50, 300]],
      ['more and less', 65_536, [10_000, 1000], [1000]],
      ['more and as before', 65_536, [10_000, 4096], []],
    ])('says what it makes of settings: %s', (_, maxTableSize, settings, updates) => {
      const encoder = new HpackEncoder({ maxTableSize });

      for (const size of settings) encoder.setMaxTableSize(size);

      const expected = Buffer.concat([...updates.map(sizeUpdate), hex('82')]);
      expect(encode(encoder, METHOD)).toEqual(expected);
      expect(encode(encoder, METHOD)).toEqual(hex('82'));
    });

    it('says so in an empty block, too', () => {
      const encoder = new HpackEncoder();
      encoder.setMaxTableSize(0);

      expect(encode(encoder, [])).toEqual(hex('20'));
      expect(encode(encoder, [])).toEqual(hex(''));
    });

    it('forgets what the table had to give up in between', () => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      decode(decoder, encode(encoder, REQUEST));
      for (const size of [100, 4096]) {
        encoder.setMaxTableSize(size);
        decoder.setMaxTableSize(size);
      }

      expect(decode(decoder, encode(encoder, REQUEST))).toEqual(REQUEST);
      expect(decode(decoder, encode(encoder, REQUEST))).toEqual(REQUEST);
    });

    it('inserts nothing where the peer has no table', () => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      encoder.setMaxTableSize(0);
      decoder.setMaxTableSize(0);

      for (let i = 0; i < 3; i++) {
        expect(decode(decoder, encode(encoder, REQUEST))).toEqual(REQUEST);
      }
    });

    it.each([-1, 2 ** 32, 0.5, NaN])('refuses a setting of %d, by name', (size) => {
      const error = expect.objectContaining({
        name: 'HpackError',
        code: 'ERR_HPACK_CONFIG',
        message: expect.stringContaining('"maxTableSize"') as string,
      });
      expect(() => new HpackEncoder().setMaxTableSize(size)).toThrow(error);
      expect(() => new HpackEncoder({ maxTableSize: size })).toThrow(error);
    });
  });

  describe('given a character that is no byte', () => {
    it.each<[what: string, header: Header]>([
      ['name', ['n\u0161me', 'value']],
      ['value', ['name', 'line\u010abreak']],
      ['secret', ['cookie', '\u{1f36a}']],
      ['long value', ['name', `${'x'.repeat(10_000)}\u0100`]],
    ])('refuses the %s and leaves the output as it was', (_, header) => {
      const encoder = new HpackEncoder();
      const out = new ByteWriter(8);
      encoder.encode(['a', 'b'], out);
      const before = Buffer.from(out.written());

      expect(() => encoder.encode(flat([['first', '1'], header]), out)).toThrow(
        expect.objectContaining({ name: 'HpackError', code: 'ERR_HPACK_NOT_LATIN1' }),
      );

      expect(out.written()).toEqual(before);
    });

    it('goes on with a table that both ends agree about', () => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      decode(decoder, encode(encoder, REQUEST));

      expect(() =>
        encode(encoder, [
          ['lost', 'entry'],
          ['bad', '\u0100'],
        ]),
      ).toThrow();
      const after = encode(encoder, [['lost', 'entry'], ...REQUEST]);

      expect(after.subarray(0, 4)).toEqual(Buffer.concat([sizeUpdate(0), sizeUpdate(4096)]));
      expect(decode(decoder, after)).toEqual([['lost', 'entry'], ...REQUEST]);
      expect(encode(encoder, REQUEST)).toHaveLength(8);
    });

    it('does not lose a size update to it', () => {
      for (const size of [100, 0]) {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder();
        encoder.setMaxTableSize(size);
        decoder.setMaxTableSize(size);

        expect(() => encode(encoder, [['bad', '\u0100']])).toThrow();

        expect(decode(decoder, encode(encoder, REQUEST))).toEqual(REQUEST);
      }
    });
  });

  it('has room for many indices behind a literal that just fits', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const entries = Array.from({ length: 100 }, (_, index): Header => [`n${index}`, '']);
    decode(decoder, encode(encoder, entries));
    for (let length = 2000; length < 2020; length++) {
      const headers: Header[] = [['etag', '\xff'.repeat(length)], ...entries];

      expect(decode(decoder, encode(encoder, headers))).toEqual(headers);
    }
  });

  it('appends to what is there, in a buffer that grows as it must', () => {
    const encoder = new HpackEncoder();
    const out = new ByteWriter(1);
    out.ensure(2);
    out.bytes.write('>>', out.offset, 'latin1');
    out.offset += 2;
    const long: Header[] = Array.from({ length: 50 }, (_, index) => [
      `name-${index}`,
      '\xff'.repeat(index * 50),
    ]);

    encoder.encode(flat(long), out);
    const end = out.offset;
    encoder.encode(flat(REQUEST), out);

    const written = out.written();
    expect(written.toString('latin1', 0, 2)).toBe('>>');
    const decoder = new HpackDecoder({ maxHeaderListSize: Infinity });
    expect(decode(decoder, written.subarray(2, end))).toEqual(long);
    expect(decode(decoder, written.subarray(end))).toEqual(REQUEST);
  });
});

/** The same characters in another string. */
function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
