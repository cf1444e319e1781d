import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { compareParser } from '../fuzz/yamux/parser-model.js';

const RUNS = { numRuns: 500 };

/** Header fields as peers send them, and now and then any. */
const frame = fc
  .record({
    version: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 255),
    type: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 3, 4, 255),
    flags: fc.oneof(fc.constantFrom(0, 1, 2, 4, 8), fc.nat(0xffff)),
    id: fc.oneof(fc.nat(5), fc.nat(0xffff_ffff)),
    length: fc.nat(0xffff_ffff),
    payload: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 60 })),
    // A frame of any length; what follows is its payload, then.
    lies: fc.constantFrom(false, false, false, false, false, true),
  })
  .map(({ version, type, flags, id, length, payload, lies }) => {
    const header = Buffer.from([version, type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt16BE(flags, 2);
    header.writeUInt32BE(id, 4);
    header.writeUInt32BE(type === 0 && !lies ? payload.length : length, 8);
    return type === 0 ? Buffer.concat([header, payload]) : header;
  });

const log = fc.array(frame, { maxLength: 30 }).map((frames) => Buffer.concat(frames));
const cuts = fc.array(fc.nat(2000), { maxLength: 40 });

function compare(bytes: Buffer, places: readonly number[]): void {
  const inside = [...new Set(places.map((place) => place % (bytes.length + 1)))];
  compareParser(
    bytes,
    inside.sort((a, b) => a - b),
  );
}

describe('the yamux frame parser', () => {
  it('FR-02 finds in chunks of any size what a simple model finds in all of the bytes', () => {
    fc.assert(fc.property(log, cuts, compare), RUNS);
  });

  it('FR-02 finds the same in any bytes at all', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

    fc.assert(fc.property(bytes, cuts, compare), RUNS);
  });

  it('FR-02 finds the same byte by byte', () => {
    const all = (bytes: Buffer) =>
      compareParser(
        bytes,
        Array.from(bytes, (_, index) => index),
      );

    fc.assert(fc.property(log, all), { numRuns: 200 });
  });
});
