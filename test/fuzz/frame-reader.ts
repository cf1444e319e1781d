/** A frame that a connection has written. */
export interface WrittenFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly length: number;
  readonly payload: Buffer;
}

/** Reads frames out of what a connection has written, by code that is none of the library's. */
export class FrameReader {
  #rest = Buffer.alloc(0);
  #preface: number;

  /** @param preface - bytes in front of the first frame. */
  constructor(preface: number) {
    this.#preface = preface;
  }

  *read(chunks: readonly Buffer[]): Generator<WrittenFrame> {
    let bytes = Buffer.concat([this.#rest, ...chunks]);
    if (bytes.length < this.#preface) {
      this.#rest = bytes;
      return;
    }
    bytes = bytes.subarray(this.#preface);
    this.#preface = 0;
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const length = bytes.readUIntBE(0, 3);
      yield {
        type: bytes[3]!,
        flags: bytes[4]!,
        id: bytes.readUInt32BE(5),
        length,
        payload: bytes.subarray(9, 9 + length),
      };
      bytes = bytes.subarray(9 + length);
    }
    this.#rest = bytes;
  }
}
