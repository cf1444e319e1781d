/** Default size of the first buffer, in bytes: enough for the frames of a few calls. */
const DEFAULT_SIZE = 1024;

const NOTHING = Buffer.alloc(0);

/**
 * Growing buffer for frames and header blocks.
 *
 * `bytes` and `offset` are public, because V8 writes fastest through a local variable: call `ensure`,
 * read `bytes` into a variable, write, then set `offset`. `ensure` may replace `bytes`, so read it again
 * after each call of a function to which the writer is passed.
 */
export class ByteWriter {
  /** The buffer; bytes from `offset` on are undefined. */
  bytes: Buffer;
  /** Number of written bytes. Lower it to undo writes. */
  offset = 0;

  /** @param size - size of the first buffer, in bytes. Default 1024. */
  constructor(size = DEFAULT_SIZE) {
    this.bytes = size === 0 ? NOTHING : Buffer.allocUnsafeSlow(size);
  }

  /** Makes room for `count` more bytes; a buffer that is too small at least doubles. */
  ensure(count: number): void {
    const needed = this.offset + count;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.offset);
    this.bytes = larger;
  }

  /** The bytes written so far, as a view that is valid until the next write after `reset`. */
  written(): Buffer {
    return this.bytes.subarray(0, this.offset);
  }

  /** Drops the written bytes; the buffer stays. */
  reset(): void {
    this.offset = 0;
  }
}
