/**
 * Size in bytes of a block: a buffer into which small pieces are copied. Blocks are smaller while fewer bytes
 * wait in the queue.
 */
const BLOCK_SIZE = 16 * 1024;

/** Number of taken pieces that may stay at the front of the array before the other pieces are moved up. */
const MAX_GAP = 32;

/**
 * Largest size of a run (see `copyRun`), as a multiple of the bytes that were used of the previous run of the
 * same chunk.
 */
const RUN_GROWTH = 4;

/** `Buffer.copy` for any `Uint8Array`. On current versions of Node, it creates no view to copy a part. */
const copyBytes = Buffer.prototype.copy as (
  this: Uint8Array,
  ...parameters: Parameters<Buffer['copy']>
) => number;

/** A range of a buffer. For a small range, a view would cost more memory than the bytes. */
interface BytePiece {
  readonly buffer: Uint8Array;
  /** Offset of the first byte that is not yet taken. */
  start: number;
  readonly end: number;
}

/**
 * A FIFO queue of bytes. Memory use follows the number of bytes, not of pieces: small pieces are copied
 * together, because a `Buffer` object for each would cost a hundred bytes.
 */
export class ByteQueue {
  #pieces: (BytePiece | undefined)[] = [];
  /** Index of the front piece. Taken pieces stay before it: each removal would move all other pieces. */
  #first = 0;
  #length = 0;
  /** Buffer for small pieces. Its bytes from `#start` to `#used` are the end of the queue. */
  #block: Buffer | undefined;
  #start = 0;
  #used = 0;
  /** Copy of the bytes of `#runOf` from `#runStart` to `#runEnd`; `#runWanted` of them are used so far. */
  #run: Buffer | undefined;
  #runOf: Uint8Array | undefined;
  #runStart = 0;
  #runEnd = 0;
  #runWanted = 0;

  /** Bytes in the queue. */
  get length(): number {
    return this.#length;
  }

  /** The piece at the front. The queue must not be empty. */
  get front(): Readonly<BytePiece> {
    if (this.#first === this.#pieces.length) this.#closeBlock();
    return this.#pieces[this.#first]!;
  }

  /** Adds bytes of `chunk` without copying them. The bytes must not be changed afterwards. */
  keep(chunk: Uint8Array, start = 0, end = chunk.length): void {
    if (start === end) return;
    this.#closeBlock();
    this.#pieces.push({ buffer: chunk, start, end });
    this.#length += end - start;
  }

  /** Adds a copy of bytes of `chunk`. The bytes stay together in one buffer. */
  copy(chunk: Uint8Array, start = 0, end = chunk.length): void {
    const length = end - start;
    if (this.#block === undefined || this.#block.length - this.#used < length) {
      this.#closeBlock();
      // An exact fit, or no larger than the bytes that wait: at most half of the memory is unused.
      this.#block = Buffer.allocUnsafe(Math.max(length, Math.min(BLOCK_SIZE, this.#length)));
      this.#start = 0;
      this.#used = 0;
    }
    copyBytes.call(chunk, this.#block, this.#used, start, end);
    this.#used += length;
    this.#length += length;
  }

  /**
   * Adds a copy of bytes of `chunk`, for callers that add later bytes of `chunk` by further calls. Copies a
   * run: these bytes and some that follow them, up to four times as many as were used of the previous run.
   * Keeps `chunk` in memory until the queue is empty or `forgetRun()` is called.
   */
  copyRun(chunk: Uint8Array, start: number, end: number): void {
    if (this.#runOf !== chunk || end > this.#runEnd) this.#beginRun(chunk, start, end);
    this.#runWanted += end - start;
    this.keep(this.#run!, start - this.#runStart, end - this.#runStart);
  }

  /** Ends the run: no more bytes of the last chunk of `copyRun` follow. */
  forgetRun(): void {
    this.#runOf = undefined;
    this.#run = undefined;
  }

  /** Removes `bytes` bytes of the `front` piece, which must have them. Read `front` first. */
  advance(bytes: number): void {
    const front = this.#pieces[this.#first]!;
    this.#length -= bytes;
    front.start += bytes;
    if (this.#length === 0) this.clear();
    else if (front.start === front.end) this.#dropFront();
  }

  /** Removes and returns the first `bytes` bytes, in pieces. The queue must have them. */
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

  /**
   * Copies the pieces for which `isWasteful` returns true into blocks, which frees the buffers of the pieces.
   * `isWasteful` gets the buffer of a piece and the length of the piece.
   */
  compact(isWasteful: (buffer: Uint8Array, length: number) => boolean): void {
    this.#closeBlock();
    const pieces = this.#pieces.slice(this.#first) as BytePiece[];
    this.clear();
    for (const { buffer, start, end } of pieces) {
      if (isWasteful(buffer, end - start)) this.copy(buffer, start, end);
      else this.keep(buffer, start, end);
    }
  }

  /** Drops all bytes. */
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

  /** Turns the bytes copied since the last call into a piece. Later bytes use the rest of the block. */
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
