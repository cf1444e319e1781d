/** Size of a joined buffer in bytes: large enough that the overhead of a `Buffer` does not matter. */
const JOINED_SIZE = 16 * 1024;
/** Pieces shorter than this, in bytes, are always joined. */
const SMALL = 4096;

/**
 * Joins small unread pieces. Without joining, each piece would cost about a hundred bytes, and would keep
 * in memory the whole chunk of which it is a part.
 */
export class PieceJoiner {
  #bytes: Buffer | undefined;
  #length = 0;

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Whether to join `piece`: it is short, or less than half of the memory that it keeps alive. */
  isSmall(piece: Buffer): boolean {
    return piece.length < SMALL || 2 * piece.length < piece.buffer.byteLength;
  }

  /** Copies `piece`. Calls `onFull` with each joined buffer that becomes full. */
  add(piece: Buffer, onFull: (joined: Buffer) => void): void {
    for (let offset = 0; offset < piece.length;) {
      this.#bytes ??= Buffer.allocUnsafeSlow(JOINED_SIZE);
      const copied = piece.copy(this.#bytes, this.#length, offset);
      offset += copied;
      this.#length += copied;
      if (this.#length === JOINED_SIZE) onFull(this.take());
    }
  }

  /**
   * Removes and returns all held bytes; there must be some. If they fill less than half of the buffer,
   * they are copied to a buffer of the exact size.
   */
  take(): Buffer {
    const bytes = this.#bytes!;
    const length = this.#length;
    this.#length = 0;
    if (2 * length < JOINED_SIZE) {
      const few = Buffer.allocUnsafeSlow(length);
      bytes.copy(few, 0, 0, length);
      return few;
    }
    this.#bytes = undefined;
    return length === JOINED_SIZE ? bytes : bytes.subarray(0, length);
  }

  /** Drops all held bytes. */
  clear(): void {
    this.#bytes = undefined;
    this.#length = 0;
  }
}
