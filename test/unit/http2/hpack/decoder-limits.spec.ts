import { afterEach, describe, expect, it, vi } from 'vitest';
import { HpackDecoder } from '../../../../lib/http2/hpack/index.js';
import { memoryInUse } from '../../../fixtures/yamux-streams.js';
import {
  decode,
  decodeSome,
  hex,
  indexed,
  INSERTED,
  integer,
  literal,
  NOT_INDEXED,
  sizeUpdate,
  tableOf,
} from './blocks.js';

const KiB = 1024;

describe('the header list limit of HpackDecoder', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('counts names, values and 32 bytes for each header', () => {
    // :method GET, :path a, key value: 42 + 38 + 40
    const block = Buffer.concat([hex('82 040161'), literal(NOT_INDEXED, 'key', 'value')]);

    const [enough, oneLess] = [120, 119].map((maxHeaderListSize) =>
      decodeSome(new HpackDecoder({ maxHeaderListSize }), block),
    );

    expect(decodeSome(new HpackDecoder({ maxHeaderListSize: 42 }), hex('82')).complete).toBe(true);
    expect(decodeSome(new HpackDecoder({ maxHeaderListSize: 42 }), hex('82')).headers).toHaveLength(
      1,
    );
    expect(enough).toMatchObject({ complete: true, headers: { length: 3 } });
    expect(oneLess).toMatchObject({ complete: false, headers: { length: 2 } });
  });

  it('reports nothing behind the first header that does not fit, even if it would', () => {
    const decoder = new HpackDecoder({ maxHeaderListSize: 100 });
    const block = Buffer.concat([
      hex('82'),
      literal(NOT_INDEXED, 'key', 'x'.repeat(99)),
      hex('83'),
    ]);

    expect(decodeSome(decoder, block)).toEqual({ headers: [[':method', 'GET']], complete: false });
  });

  it('starts anew with every block', () => {
    const decoder = new HpackDecoder({ maxHeaderListSize: 100 });
    for (let i = 0; i < 10; i++) {
      expect(decodeSome(decoder, hex('8283')).complete).toBe(true);
      expect(decodeSome(decoder, hex('828384')).complete).toBe(false);
    }
  });

  it('may be 0: nothing is reported, and only an empty list is complete', () => {
    const decoder = new HpackDecoder({ maxHeaderListSize: 0 });

    expect(decodeSome(decoder, hex('82'))).toEqual({ headers: [], complete: false });
    expect(decodeSome(decoder, hex(''))).toEqual({ headers: [], complete: true });
  });

  it('is 65536 where nothing else is said, and may be none', () => {
    const block = literal(NOT_INDEXED, 'key', 'x'.repeat(65_536 - 32 - 3));
    const larger = literal(NOT_INDEXED, 'key', 'x'.repeat(65_536 - 32 - 2));

    expect(decodeSome(new HpackDecoder(), block).complete).toBe(true);
    expect(decodeSome(new HpackDecoder(), larger).complete).toBe(false);
    expect(decode(new HpackDecoder({ maxHeaderListSize: Infinity }), larger)).toHaveLength(1);
  });

  it.each([
    ['behind a header that does not fit', 'key', 'x'.repeat(300)],
    ['that do not fit themselves', 'k'.repeat(60), 'v'.repeat(60)],
  ])('does not keep entries %s from the table', (_, name, value) => {
    const limited = new HpackDecoder({ maxHeaderListSize: 100 });
    const unlimited = new HpackDecoder();
    const block = Buffer.concat([
      literal(INSERTED, 'first', '1'),
      literal(INSERTED, name, value),
      literal(INSERTED, 'last', '2'),
      // A name from the table, with another value
      integer(INSERTED, 6, 62),
      hex('0133'),
    ]);

    expect(decodeSome(limited, block)).toEqual({ headers: [['first', '1']], complete: false });
    decode(unlimited, block);

    // One at a time, as all together would not fit.
    for (const [index, header] of tableOf(unlimited).entries()) {
      const { headers } = decodeSome(limited, indexed(62 + index));
      expect(headers).toEqual(header[0] === name ? [] : [header]);
    }
    expect(decode(limited, indexed(62))).toEqual([['last', '3']]);
    expect(decode(limited, indexed(65))).toEqual([['first', '1']]);
  });

  it('empties the table for an entry that fits neither the list nor the table', () => {
    const decoder = new HpackDecoder({ maxHeaderListSize: 200, maxTableSize: 100 });
    for (const [name, value] of [
      ['key', 'x'.repeat(300)],
      ['k'.repeat(300), 'value'],
    ] as const) {
      decode(decoder, literal(INSERTED, 'a', 'b'));
      expect(tableOf(decoder)).toHaveLength(1);

      expect(decodeSome(decoder, literal(INSERTED, name, value)).complete).toBe(false);

      expect(tableOf(decoder)).toEqual([]);
    }
  });

  it('still finds what is wrong behind it', () => {
    const tooLarge = literal(NOT_INDEXED, 'key', 'x'.repeat(200));
    for (const [digits, code] of [
      ['80', 'ERR_HPACK_INDEX'],
      ['0001618118', 'ERR_HPACK_HUFFMAN'],
      ['00811801 61', 'ERR_HPACK_HUFFMAN'],
      ['20', 'ERR_HPACK_TABLE_SIZE'],
      ['00016102', 'ERR_HPACK_TRUNCATED'],
    ] as const) {
      const decoder = new HpackDecoder({ maxHeaderListSize: 100 });
      expect(() => decodeSome(decoder, Buffer.concat([tooLarge, hex(digits)]))).toThrow(
        expect.objectContaining({ code }),
      );
    }
  });

  it('bounds what a small block that names a large entry a thousand times costs', () => {
    const decoder = new HpackDecoder({ maxHeaderListSize: 16 * KiB });
    decode(decoder, literal(INSERTED, 'bomb', 'x'.repeat(4000)));
    const names = Buffer.concat(
      Array<Buffer>(16 * KiB).fill(Buffer.concat([integer(0, 4, 62), hex('00')])),
    );

    // 66 MiB and 1.5 MiB, if all of it were reported.
    for (const [bomb, count] of [
      [Buffer.alloc(16 * KiB, indexed(62)), 4],
      [names, 455],
    ] as const) {
      const start = performance.now();
      const { headers, complete } = decodeSome(decoder, bomb);

      expect(complete).toBe(false);
      expect(headers).toHaveLength(count);
      expect(performance.now() - start).toBeLessThan(500);
    }
  });

  it('bounds what a table that is filled and emptied all the time costs', () => {
    const decoder = new HpackDecoder({ maxHeaderListSize: 16 * KiB });
    const entry = Buffer.concat([integer(INSERTED, 6, 15), hex('00')]);
    const start = performance.now();

    for (let i = 0; i < 10; i++) {
      const bomb = Buffer.concat([sizeUpdate(0), sizeUpdate(4096), Buffer.alloc(64 * KiB, entry)]);
      expect(decodeSome(decoder, bomb).complete).toBe(false);
    }

    expect(tableOf(decoder)).toHaveLength(89);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it('does not hold on to the bytes of a block', async () => {
    const decoder = new HpackDecoder();
    const before = await memoryInUse();

    decode(decoder, Buffer.alloc(8 * KiB * KiB, hex('82')).subarray(0, 100));

    expect((await memoryInUse()) - before).toBeLessThan(KiB * KiB);
    expect(tableOf(decoder)).toEqual([]);
  });

  it('makes no string of what is neither reported nor kept', () => {
    const decoder = new HpackDecoder({ maxHeaderListSize: 16 * KiB });
    const plain = literal(NOT_INDEXED, 'n'.repeat(1000), 'v'.repeat(1000));
    const huffman = Buffer.concat([hex('00 ff e906'), Buffer.alloc(1000, 0), hex('00')]);
    const huge = literal(INSERTED, 'name', 'v'.repeat(20_000));
    const toString = vi.spyOn(Buffer.prototype, 'toString');

    decodeSome(decoder, Buffer.concat(Array<Buffer>(100).fill(plain)));
    expect(toString).toHaveBeenCalledTimes(2 * 8);
    decodeSome(decoder, Buffer.concat(Array<Buffer>(100).fill(huffman)));
    expect(toString).toHaveBeenCalledTimes(2 * 8 + 10);
    decodeSome(decoder, Buffer.concat([huge, huge]));
    expect(toString).toHaveBeenCalledTimes(2 * 8 + 10);
  });
});
