/** Size of the buffers that small pieces are copied into, once many of them wait. */
const BLOCK_SIZE = 16 * 1024;

/** Taken pieces at the front that stay in the array before the rest moves up. */
const MAX_GAP = 32;

/** How many times the bytes that were wanted of the last run of a chunk the next run may have. */
const RUN_GROWTH = 4;

/** Works on any `Uint8Array`, and makes no view of a part on current versions of Node. */
const copyBytes = Buffer.prototype.copy as (
  this: Uint8Array,
  ...parameters: Parameters<Buffer['copy']>
) => number;

/** Bytes of a buffer; a view of them would cost more than small ones do. */
interface BytePiece {
  readonly buffer: Uint8Array;
  /** Where the bytes begin that were not taken yet. */
  start: number;
  readonly end: number;
}

/**
 * A queue of bytes in pieces. Its memory follows the bytes that wait, not the number of pieces: small
 * pieces are copied together, because a `Buffer` object for each would cost a hundred bytes.
 */
export class ByteQueue {
  #pieces: (BytePiece | undefined)[] = [];
  /** Index of the front piece: removing it from a long array would move all the others each time. */
  #first = 0;
  #length = 0;
  /** Buffer for small pieces; its bytes from `#start` to `#used` are the end of the queue. */
  #block: Buffer | undefined;
  #start = 0;
  #used = 0;
  /** Copy of the bytes of `#runOf` from `#runStart` to `#runEnd`, of which `#runWanted` were wanted so far. */
  #run: Buffer | undefined;
  #runOf: Uint8Array | undefined;
  #runStart = 0;
  #runEnd = 0;
  #runWanted = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** The piece at the front. The queue must not be empty. */
  get front(): Readonly<BytePiece> {
    if (this.#first === this.#pieces.length) this.#closeBlock();
    return this.#pieces[this.#first]!;
  }

  /** Adds bytes of `chunk` without a copy; they must not change any more. */
  keep(chunk: Uint8Array, start = 0, end = chunk.length): void {
    if (start === end) return;
    this.#closeBlock();
    this.#pieces.push({ buffer: chunk, start, end });
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

  /**
   * Adds a copy of bytes of `chunk`, of which more may come, in order. The more were wanted so far, the
   * more of `chunk` is copied at once: of parts that lie far apart a few times their bytes. Keeps `chunk`
   * in memory until the queue is empty, or `forgetRun()` is called.
   */
  copyRun(chunk: Uint8Array, start: number, end: number): void {
    if (this.#runOf !== chunk || end > this.#runEnd) this.#beginRun(chunk, start, end);
    this.#runWanted += end - start;
    this.keep(this.#run!, start - this.#runStart, end - this.#runStart);
  }

  /** No more will come of the last chunk of `copyRun`. */
  forgetRun(): void {
    this.#runOf = undefined;
    this.#run = undefined;
  }

  /** Takes `bytes` of the front piece, which must have them. */
  advance(bytes: number): void {
    const front = this.#pieces[this.#first]!;
    this.#length -= bytes;
    front.start += bytes;
    if (this.#length === 0) this.clear();
    else if (front.start === front.end) this.#dropFront();
  }

  /** Takes the first `bytes`, which must be there, in pieces. */
  take(bytes: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    for (let missing = bytes; missing > 0;) {
      const { buffer, start, end } = this.front;
      const length = Math.min(end - start, missing);
      const isWhole = length === buffer.length;
      taken.push(isWhole ? buffer : buffer.subarray(start, start + length));
      missing -= length;
      this.advance(length);
    }
    return taken;
  }

  /** Copies pieces together: those of which `isWasteful` says so, told the buffer and how much of it is used. */
  compact(isWasteful: (buffer: Uint8Array, length: number) => boolean): void {
    this.#closeBlock();
    const pieces = this.#pieces.slice(this.#first) as BytePiece[];
    this.clear();
    for (const { buffer, start, end } of pieces) {
      if (isWasteful(buffer, end - start)) this.copy(buffer, start, end);
      else this.keep(buffer, start, end);
    }
  }

  /** Drops all that waits. */
  clear(): void {
    this.#pieces.length = 0;
    this.#first = 0;
    this.#length = 0;
    this.#block = undefined;
    this.#start = 0;
    this.#used = 0;
    this.forgetRun();
  }

  #beginRun(chunk: Uint8Array, start: number, end: number): void {
    const wanted = this.#runOf === chunk ? this.#runWanted : 0;
    const room = Math.max(end - start, Math.min(BLOCK_SIZE, RUN_GROWTH * wanted));
    this.#runOf = chunk;
    this.#runWanted = 0;
    this.#runStart = start;
    this.#runEnd = Math.min(chunk.length, start + room);
    this.#run = Buffer.allocUnsafe(this.#runEnd - start);
    copyBytes.call(chunk, this.#run, 0, start, this.#runEnd);
  }

  /** Makes a piece of the bytes that were copied since the last one; the rest of the block stays in use. */
  #closeBlock(): void {
    if (this.#used === this.#start) return;
    this.#pieces.push({ buffer: this.#block!, start: this.#start, end: this.#used });
    this.#start = this.#used;
  }

  #dropFront(): void {
    this.#pieces[this.#first] = undefined;
    this.#first += 1;
    if (this.#first > MAX_GAP && 2 * this.#first > this.#pieces.length) {
      this.#pieces.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
