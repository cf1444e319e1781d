import { HpackError } from './errors.js';
import { decodeHuffman, roomToDecode } from './huffman-decode.js';
import { latin1 } from './latin1.js';
import { MAX_INTEGER } from './limits.js';

/** Maximum octets of an integer after its prefix; enough for 2^31 - 1. */
const MAX_CONTINUATIONS = 5;

/** Buffer for Huffman decoding, shared by all readers: each decoded string is copied out immediately. */
const SCRATCH = Buffer.allocUnsafeSlow(4096);

const NOTHING = Buffer.alloc(0);

/** Reads the integers and strings of a header block in place (RFC 7541, 5). */
export class BlockReader {
  /** Offset of the next byte to read. */
  offset = 0;
  /** Bytes of the last string that `string` has read or skipped. */
  stringLength = 0;
  #block: Buffer = NOTHING;
  #end = 0;

  open(block: Buffer, start: number, end: number): void {
    this.#block = block;
    this.offset = start;
    this.#end = end;
  }

  /** Releases the block. */
  close(): void {
    this.#block = NOTHING;
  }

  /**
   * Reads an integer.
   *
   * @param prefixMask - mask of the prefix in the first octet: 2^N - 1.
   * @throws HpackError `ERR_HPACK_INTEGER`, `ERR_HPACK_TRUNCATED`
   */
  integer(prefixMask: number): number {
    const block = this.#block;
    if (this.offset >= this.#end) throw truncated();
    let value = block[this.offset++]! & prefixMask;
    if (value < prefixMask) return value;
    // Multiplies, because a shift would lose bits above 2^31.
    for (let i = 0, unit = 1; i < MAX_CONTINUATIONS; i++, unit *= 0x80) {
      if (this.offset >= this.#end) throw truncated();
      const octet = block[this.offset++]!;
      value += (octet & 0x7f) * unit;
      if (octet >= 0x80) continue;
      if (value > MAX_INTEGER) break;
      return value;
    }
    throw new HpackError(
      'ERR_HPACK_INTEGER',
      `an integer in a header block is above ${MAX_INTEGER} or longer than ${MAX_CONTINUATIONS} octets`,
    );
  }

  /**
   * Reads a string literal, one character for each byte. A string longer than `maxLength` is checked but
   * not created: returns undefined.
   *
   * @throws HpackError `ERR_HPACK_HUFFMAN`, `ERR_HPACK_INTEGER`, `ERR_HPACK_TRUNCATED`
   */
  string(maxLength: number): string | undefined {
    const isHuffman = this.offset < this.#end && this.#block[this.offset]! >= 0x80;
    const length = this.integer(0x7f);
    const start = this.offset;
    if (length > this.#end - start) throw truncated();
    this.offset = start + length;
    if (isHuffman) return this.#huffman(start, maxLength);
    this.stringLength = length;
    return length > maxLength ? undefined : latin1(this.#block, start, this.offset);
  }

  #huffman(start: number, maxLength: number): string | undefined {
    const room = roomToDecode(this.offset - start);
    const target = room <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafeSlow(room);
    const length = decodeHuffman(this.#block, start, this.offset, target);
    this.stringLength = length;
    return length > maxLength ? undefined : latin1(target, 0, length);
  }
}

function truncated(): HpackError {
  return new HpackError('ERR_HPACK_TRUNCATED', 'a header block ends inside a field');
}
