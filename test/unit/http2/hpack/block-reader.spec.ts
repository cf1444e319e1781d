import { describe, expect, it } from 'vitest';
import { BlockReader } from '../../../../lib/http2/hpack/block-reader.js';
import { hex } from './blocks.js';

describe('BlockReader', () => {
  it('reads nothing behind the end, though there are bytes', () => {
    const reader = new BlockReader();
    reader.open(hex('0000'), 0, 1);
    reader.integer(0x7f);

    for (const read of [() => reader.integer(0x7f), () => reader.string(10)]) {
      expect(read).toThrow(expect.objectContaining({ code: 'ERR_HPACK_TRUNCATED' }));
      expect(reader.offset).toBe(1);
    }
  });

  it('says how long a string is that was not wanted', () => {
    const reader = new BlockReader();
    reader.open(hex('03616263 82 0001'), 0, 7);

    expect([reader.string(2), reader.stringLength]).toEqual([undefined, 3]);
    expect([reader.string(2), reader.stringLength]).toEqual([undefined, 3]);
    expect(reader.offset).toBe(7);
  });
});
