import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../../lib/http2/hpack/byte-writer.js';

describe('ByteWriter', () => {
  it('makes room without losing what is written', () => {
    const writer = new ByteWriter(4);
    for (let i = 0; i < 1000; i++) {
      writer.ensure(1);
      writer.bytes[writer.offset++] = i;
    }

    expect(writer.written().every((byte, index) => byte === index % 256)).toBe(true);
    expect(writer.written()).toHaveLength(1000);
  });

  it('makes all the room that is asked for, and replaces its buffer only for that', () => {
    const writer = new ByteWriter(16);
    const { bytes } = writer;
    writer.ensure(16);
    expect(writer.bytes).toBe(bytes);

    writer.offset = 10;
    writer.ensure(100);

    expect(writer.bytes.length).toBeGreaterThanOrEqual(110);
  });

  it('at least doubles, so that growing takes little time', () => {
    const writer = new ByteWriter(16);
    writer.offset = 16;
    writer.ensure(1);
    expect(writer.bytes).toHaveLength(32);
  });

  it('begins anew in the same buffer', () => {
    const writer = new ByteWriter(16);
    writer.bytes[writer.offset++] = 1;
    const { bytes } = writer;

    writer.reset();

    expect(writer.written()).toHaveLength(0);
    expect(writer.bytes).toBe(bytes);
  });
});
