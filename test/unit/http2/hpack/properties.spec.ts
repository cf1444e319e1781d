import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../../lib/http2/hpack/byte-writer.js';
import { HpackDecoder, HpackEncoder, HpackError } from '../../../../lib/http2/hpack/index.js';
import {
  decode,
  decodeSome,
  encode,
  flat,
  indexed,
  INSERTED,
  integer,
  literal,
  NEVER_INDEXED,
  NOT_INDEXED,
  sizeUpdate,
  tableOf,
} from './blocks.js';
import { Random, RandomHeaders } from './random.js';

/** Another one each time; what failed is repeated with HPACK_SEED set to what the test printed. */
const SEED = Number(process.env['HPACK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

describe(`HPACK with random input, HPACK_SEED=${SEED}`, () => {
  it.each([64, 256, 1000, 4096, 20_000])(
    'brings back every header of 1500 blocks with a table of %i bytes',
    (maxTableSize) => {
      const random = new Random(SEED + maxTableSize);
      const generator = new RandomHeaders(random);
      const encoder = new HpackEncoder({ maxTableSize });
      const decoder = new HpackDecoder({ maxHeaderListSize: Infinity });
      for (const end of [encoder, decoder]) end.setMaxTableSize(maxTableSize);
      const out = new ByteWriter(1);

      for (let i = 0; i < 1500; i++) {
        const headers = flat(generator.list(12));
        out.reset();
        encoder.encode(headers, out);
        expect(collect(decoder, out.written()), `block ${i}`).toEqual(headers);
      }
    },
  );

  it('brings back every header while the table changes its size, also several times between blocks', () => {
    const random = new Random(SEED);
    const generator = new RandomHeaders(random);
    const encoder = new HpackEncoder({ maxTableSize: 10_000 });
    const decoder = new HpackDecoder({ maxHeaderListSize: Infinity });

    for (let i = 0; i < 3000; i++) {
      while (random.chance(0.1)) {
        const size = random.chance(0.2) ? 0 : random.below(random.pick([100, 1000, 12_000]));
        encoder.setMaxTableSize(size);
        decoder.setMaxTableSize(size);
      }
      const headers = generator.list(10);
      expect(collect(decoder, encode(encoder, headers)), `block ${i}`).toEqual(flat(headers));
    }
  });

  it('brings back every header when some blocks could not be encoded', () => {
    const random = new Random(SEED);
    const generator = new RandomHeaders(random);
    const encoder = new HpackEncoder({ maxTableSize: 500 });
    const decoder = new HpackDecoder({ maxHeaderListSize: Infinity });

    for (let i = 0; i < 1000; i++) {
      const headers = generator.list(10);
      if (random.chance(0.1)) {
        expect(() => encode(encoder, [...headers, ['bad', '\u0100'], ...headers])).toThrow(
          HpackError,
        );
      }
      expect(collect(decoder, encode(encoder, headers)), `block ${i}`).toEqual(flat(headers));
    }
  });

  it('brings back names and values of any bytes, secret or not', () => {
    const random = new Random(SEED);
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();

    for (let i = 0; i < 1000; i++) {
      const headers = Array.from(
        { length: random.below(6) },
        () => [random.latin1(random.length(300)), random.latin1(random.length(2000))] as const,
      );
      const secrets = new Set(headers.flatMap(([name]) => (random.chance(0.2) ? [name] : [])));

      const decoded = decode(decoder, encode(encoder, headers, secrets));

      const expected = headers.map(([name, value]) =>
        secrets.has(name) ? [name, value, 'never indexed'] : [name, value],
      );
      expect(decoded, `block ${i}`).toEqual(expected);
    }
  });

  it('throws nothing but HpackError on random bytes', () => {
    const random = new Random(SEED);
    let errors = 0;

    for (let i = 0; i < 20_000; i++) {
      if (!survives(new HpackDecoder(), random.bytes(random.length(200)))) errors += 1;
    }

    expect(errors).toBeGreaterThan(1000);
    expect(errors).toBeLessThan(20_000);
  });

  it('throws nothing but HpackError on good blocks with a few wrong bytes, or cut short', () => {
    const random = new Random(SEED);
    const generator = new RandomHeaders(random);
    let encoder = new HpackEncoder();
    let decoder = new HpackDecoder();

    for (let i = 0; i < 8_000; i++) {
      const block = encode(encoder, generator.list(8));
      for (let flips = random.below(3); flips > 0 && block.length > 0; flips--) {
        block[random.below(block.length)] = random.below(256);
      }
      const end = random.chance(0.2) ? random.below(block.length + 1) : block.length;
      if (!survives(decoder, block.subarray(0, end))) {
        encoder = new HpackEncoder();
        decoder = new HpackDecoder();
      }
    }
  });

  it('reads the same whatever is around the block, and with any limit on the list keeps the same table', () => {
    const random = new Random(SEED);
    for (let i = 0; i < 300; i++) {
      const exact = new HpackDecoder({ maxHeaderListSize: Infinity });
      const inside = new HpackDecoder({ maxHeaderListSize: Infinity });
      const limited = new HpackDecoder({ maxHeaderListSize: 4096 });
      for (let count = random.below(8); count >= 0; count--) {
        const block = randomBlock(random, tableOf(exact).length);
        const around = Buffer.concat([random.bytes(7), block, random.bytes(9)]);
        const headers: string[] = [];

        inside.decode(around, 7, 7 + block.length, (name, value) => headers.push(name, value));

        expect(headers).toEqual(collect(exact, block));
        const some = collect(limited, block);
        expect(headers.slice(0, some.length)).toEqual(some);
        expect(tableOf(inside)).toEqual(tableOf(exact));
        expect(tableOf(limited)).toEqual(tableOf(exact));
      }
    }
  });
});

/** Names and values, one behind the other. */
function collect(decoder: HpackDecoder, block: Buffer): string[] {
  const headers: string[] = [];
  decoder.decode(block, 0, block.length, (name, value) => headers.push(name, value));
  return headers;
}

/** Whether `block` was decoded; false after an HpackError, any other is thrown. */
function survives(decoder: HpackDecoder, block: Buffer): boolean {
  try {
    decodeSome(decoder, block);
    return true;
  } catch (error) {
    if (error instanceof HpackError) return false;
    throw new Error(`HPACK_SEED=${SEED}, block ${block.toString('hex')}`, { cause: error });
  }
}

/** A block of fields of all kinds that is right for a table with `count` entries. */
function randomBlock(random: Random, count: number): Buffer {
  const fields: Buffer[] = [];
  if (random.chance(0.05)) {
    fields.push(sizeUpdate(random.below(200)), sizeUpdate(4096));
    count = 0;
  }
  for (let i = random.below(20); i > 0; i--) {
    const kind = random.pick([INSERTED, NOT_INDEXED, NEVER_INDEXED]);
    const value = random.latin1(random.length(600));
    // What a table held before may be gone by now: only static entries are sure to be there.
    const index =
      fields.length === 0 && count > 0 ? 62 + random.below(count) : 1 + random.below(61);
    if (random.chance(0.4)) fields.push(indexed(index));
    else if (random.chance(0.5))
      fields.push(literal(kind, random.latin1(random.length(300)), value));
    else fields.push(withNameOf(kind, index, value));
  }
  return Buffer.concat(fields);
}

function withNameOf(kind: number, index: number, value: string): Buffer {
  const name = integer(kind, kind === INSERTED ? 6 : 4, index);
  return Buffer.concat([name, literal(0, '', value).subarray(2)]);
}
