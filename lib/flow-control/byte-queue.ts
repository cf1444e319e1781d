/** Size of the buffers that small pieces are copied into, once many of them wait. */
const BLOCK_SIZE = 16 * 1024;

/** Taken pieces at the front that stay in the array before the rest moves up. */
const MAX_GAP = 32;

/** Works on any `Uint8Array`, and makes no view of a part on current versions of Node. */
const copyBytes = Buffer.prototype.copy as (
  this: Uint8Array,
  ...parameters: Parameters<Buffer['copy']>
) => number;

/**
 * A queue of bytes in pieces. Its memory follows the bytes that wait, not the number of pieces: small
 * pieces are copied together, because a `Buffer` object for each would cost a hundred bytes.
 */
export class ByteQueue {
  #pieces: Uint8Array[] = [];
  /** Index of the front piece: removing it from a long array would move all the others each time. */
  #first = 0;
  /** Bytes of the front piece that were taken. */
  #offset = 0;
  #length = 0;
  /** Buffer for small pieces; its bytes from `#start` to `#used` are the end of the queue. */
  #block: Buffer | undefined;
  #start = 0;
  #used = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** The piece at the front; its unread bytes begin at `offset`. The queue must not be empty. */
  get front(): Uint8Array {
    if (this.#first === this.#pieces.length) this.#closeBlock();
    return this.#pieces[this.#first]!;
  }

  /** Where in `front` the unread bytes begin. */
  get offset(): number {
    return this.#offset;
  }

  /** Adds `piece` without a copy; its bytes must not change any more. */
  keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#closeBlock();
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** Adds a copy of bytes of `chunk`. They are never split: readers find them in one buffer. */
  copy(chunk: Uint8Array, start = 0, end = chunk.length): void {
    const length = end - start;
    if (this.#block === undefined || this.#block.length - this.#used < length) {
      this.#closeBlock();
      // As large as what waits already: at most half of the memory is empty.
      this.#block = Buffer.allocUnsafe(Math.max(length, Math.min(BLOCK_SIZE, this.#length)));
      this.#start = 0;
      this.#used = 0;
    }
    copyBytes.call(chunk, this.#block, this.#used, start, end);
    this.#used += length;
    this.#length += length;
  }

  /** Takes `bytes` of the front piece, which must have them. */
  advance(bytes: number): void {
    this.#length -= bytes;
    this.#offset += bytes;
    if (this.#length === 0) this.clear();
    else if (this.#offset === this.#pieces[this.#first]!.length) this.#dropFront();
  }

  /** Takes the first `bytes`, which must be there, in pieces. */
  take(bytes: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    for (let missing = bytes; missing > 0;) {
      const { front, offset } = this;
      const end = Math.min(front.length, offset + missing);
      taken.push(offset === 0 && end === front.length ? front : front.subarray(offset, end));
      missing -= end - offset;
      this.advance(end - offset);
    }
    return taken;
  }

  /** Replaces the pieces that `isWasteful` by copies of themselves. */
  compact(isWasteful: (piece: Uint8Array) => boolean): void {
    for (let i = this.#first; i < this.#pieces.length; i += 1) {
      const piece = this.#pieces[i]!;
      if (isWasteful(piece)) this.#pieces[i] = Buffer.from(piece);
    }
  }

  /** Drops all that waits. */
  clear(): void {
    this.#pieces.length = 0;
    this.#first = 0;
    this.#offset = 0;
    this.#length = 0;
    this.#block = undefined;
    this.#start = 0;
    this.#used = 0;
  }

  /** Makes a piece of the bytes that were copied since the last one; the rest of the block stays in use. */
  #closeBlock(): void {
    if (this.#used === this.#start) return;
    this.#pieces.push(this.#block!.subarray(this.#start, this.#used));
    this.#start = this.#used;
  }

  #dropFront(): void {
    this.#offset = 0;
    this.#pieces[this.#first] = EMPTY;
    this.#first += 1;
    if (this.#first > MAX_GAP && 2 * this.#first > this.#pieces.length) {
      this.#pieces.splice(0, this.#first);
      this.#first = 0;
    }
  }
}

const EMPTY = new Uint8Array(0);
