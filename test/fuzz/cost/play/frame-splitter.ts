/** Cuts a stream of bytes into frames that begin with a header of fixed length. */
export class FrameSplitter {
  readonly #headerLength: number;
  readonly #payloadLength: (header: Buffer) => number;
  #rest: Buffer = Buffer.alloc(0);
  #toSkip: number;

  /**
   * @param payloadLength - how many bytes follow a header.
   * @param skip - bytes before the first frame.
   */
  constructor(headerLength: number, payloadLength: (header: Buffer) => number, skip = 0) {
    this.#headerLength = headerLength;
    this.#payloadLength = payloadLength;
    this.#toSkip = skip;
  }

  /** Whether all of the bytes before the first frame have come. */
  get hasBegun(): boolean {
    return this.#toSkip === 0;
  }

  *split(chunk: Buffer): Generator<{ header: Buffer; payload: Buffer }> {
    const skipped = Math.min(this.#toSkip, chunk.length);
    this.#toSkip -= skipped;
    const bytes = chunk.subarray(skipped);
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= this.#headerLength) {
      const header = this.#rest.subarray(0, this.#headerLength);
      const length = this.#payloadLength(header);
      const end = this.#headerLength + length;
      if (this.#rest.length < end) return;
      const payload = this.#rest.subarray(this.#headerLength, end);
      this.#rest = this.#rest.subarray(end);
      yield { header, payload };
    }
  }
}
