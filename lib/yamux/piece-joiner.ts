/** Bytes that pieces are joined to: enough that what a `Buffer` costs itself does not matter. */
const JOINED_SIZE = 16 * 1024;
/** Pieces below this are joined in any case. */
const SMALL = 4096;

/**
 * Puts small pieces together that nobody has read yet. Each one by itself would cost a hundred bytes,
 * and keep all of the chunk in memory that it came in.
 */
export class PieceJoiner {
  #bytes: Buffer | undefined;
  #length = 0;

  /** Bytes that are held. */
  get length(): number {
    return this.#length;
  }

  /** Whether `piece` is too small to be kept as it is: for itself, or beside what it keeps in memory. */
  isSmall(piece: Buffer): boolean {
    return piece.length < SMALL || 2 * piece.length < piece.buffer.byteLength;
  }

  /** Holds the bytes of `piece`; what is full is passed on. */
  add(piece: Buffer, onFull: (joined: Buffer) => void): void {
    for (let offset = 0; offset < piece.length;) {
      this.#bytes ??= Buffer.allocUnsafeSlow(JOINED_SIZE);
      const copied = piece.copy(this.#bytes, this.#length, offset);
      offset += copied;
      this.#length += copied;
      if (this.#length === JOINED_SIZE) onFull(this.take());
    }
  }

  /** What is held, if only a little in a buffer of its own size; from now on nothing is. */
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

  /** Lets go of all. */
  clear(): void {
    this.#bytes = undefined;
    this.#length = 0;
  }
}
