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
  /** Where the bytes are: a part of a buffer each. A view of every part would cost more than small parts do. */
  #pieces: Uint8Array[] = [];
  /** Where in its buffer each part begins; of the front one what is not taken. */
  #starts: number[] = [];
  #ends: number[] = [];
  /** Index of the front piece: removing it from a long array would move all the others each time. */
  #first = 0;
  #length = 0;
  /** Buffer for small pieces; its bytes from `#start` to `#used` are the end of the queue. */
  #block: Buffer | undefined;
  #start = 0;
  #used = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** The buffer at the front; its bytes from `frontStart` to `frontEnd` wait. The queue must not be empty. */
  get front(): Uint8Array {
    if (this.#first === this.#pieces.length) this.#closeBlock();
    return this.#pieces[this.#first]!;
  }

  /** To be read behind `front`. */
  get frontStart(): number {
    return this.#starts[this.#first]!;
  }

  /** To be read behind `front`. */
  get frontEnd(): number {
    return this.#ends[this.#first]!;
  }

  /** Adds bytes of `chunk` without a copy; they must not change any more. */
  keep(chunk: Uint8Array, start = 0, end = chunk.length): void {
    if (start === end) return;
    this.#closeBlock();
    this.#add(chunk, start, end);
    this.#length += end - start;
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

  /** Takes `bytes` of those at the front, which must have them. */
  advance(bytes: number): void {
    this.#length -= bytes;
    this.#starts[this.#first]! += bytes;
    if (this.#length === 0) this.clear();
    else if (this.#starts[this.#first] === this.#ends[this.#first]) this.#dropFront();
  }

  /** Takes the first `bytes`, which must be there, in pieces. */
  take(bytes: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    for (let missing = bytes; missing > 0;) {
      const { front, frontStart, frontEnd } = this;
      const end = Math.min(frontEnd, frontStart + missing);
      const isWhole = frontStart === 0 && end === front.length;
      taken.push(isWhole ? front : front.subarray(frontStart, end));
      missing -= end - frontStart;
      this.advance(end - frontStart);
    }
    return taken;
  }

  /** Copies together what is kept, where a buffer is kept in memory for so few bytes that this `isWasteful`. */
  compact(isWasteful: (buffer: Uint8Array, length: number) => boolean): void {
    this.#closeBlock();
    const [pieces, starts, ends, first] = [this.#pieces, this.#starts, this.#ends, this.#first];
    this.clear();
    for (let i = first; i < pieces.length; i += 1) {
      const isCopied = isWasteful(pieces[i]!, ends[i]! - starts[i]!);
      if (isCopied) this.copy(pieces[i]!, starts[i], ends[i]);
      else this.keep(pieces[i]!, starts[i], ends[i]);
    }
  }

  /** Drops all that waits. */
  clear(): void {
    this.#pieces = [];
    this.#starts = [];
    this.#ends = [];
    this.#first = 0;
    this.#length = 0;
    this.#block = undefined;
    this.#start = 0;
    this.#used = 0;
  }

  #add(buffer: Uint8Array, start: number, end: number): void {
    this.#pieces.push(buffer);
    this.#starts.push(start);
    this.#ends.push(end);
  }

  /** Makes a piece of the bytes that were copied since the last one; the rest of the block stays in use. */
  #closeBlock(): void {
    if (this.#used === this.#start) return;
    this.#add(this.#block!, this.#start, this.#used);
    this.#start = this.#used;
  }

  #dropFront(): void {
    this.#pieces[this.#first] = EMPTY;
    this.#first += 1;
    if (this.#first > MAX_GAP && 2 * this.#first > this.#pieces.length) {
      for (const array of [this.#pieces, this.#starts, this.#ends]) array.splice(0, this.#first);
      this.#first = 0;
    }
  }
}

const EMPTY = new Uint8Array(0);
