/** Size of the first buffer where the caller names none; enough for the frames of a few calls. */
const DEFAULT_SIZE = 1024;

const NOTHING = Buffer.alloc(0);

/**
 * Bytes written one behind the other into a buffer that grows: what frames and header blocks are
 * written into.
 *
 * `bytes` and `offset` are open, because stores into a local variable are the fastest way there is in
 * V8: `ensure` what you need, take `bytes` into a variable, store, set `offset`. `ensure` may replace
 * `bytes`, so take it again after every call that was given the writer.
 */
export class ByteWriter {
  /** Where the bytes are; those from `offset` on are garbage. */
  bytes: Buffer;
  /** How many bytes there are. Set it back to take some of them back. */
  offset = 0;

  /** @param size - bytes to start with. */
  constructor(size = DEFAULT_SIZE) {
    this.bytes = size === 0 ? NOTHING : Buffer.allocUnsafeSlow(size);
  }

  /** Makes room for `count` more bytes; the buffer at least doubles where it has to grow. */
  ensure(count: number): void {
    const needed = this.offset + count;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.offset);
    this.bytes = larger;
  }

  /** The bytes written so far: a view, good until the next write after `reset`. */
  written(): Buffer {
    return this.bytes.subarray(0, this.offset);
  }

  /** Begins anew in the same buffer. */
  reset(): void {
    this.offset = 0;
  }
}
