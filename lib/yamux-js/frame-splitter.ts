import { YamuxFrameType, HEADER_LENGTH, YamuxError } from '../yamux/index.js';

/**
 * Splits chunks of any size into whole frames, because yamux-js cannot read parts of a frame. A frame
 * within one chunk is a view of the chunk; a frame across chunks is copied to a buffer of its size.
 */
export class FrameSplitter {
  readonly #maxFrameSize: number;
  /** Buffer of the incomplete frame; has room for its header only, until the header is complete. */
  #partial = Buffer.alloc(HEADER_LENGTH);
  #filled = 0;

  /** @param maxFrameSize - maximum payload of a frame, in bytes. */
  constructor(maxFrameSize: number) {
    this.#maxFrameSize = maxFrameSize;
  }

  /** Whether the bytes seen so far end inside a frame. */
  get insideFrame(): boolean {
    return this.#filled > 0;
  }

  /**
   * Yields the frames that `chunk` completes, in order.
   *
   * @throws YamuxError `ERR_YAMUX_PROTOCOL` if the bytes are not yamux or a frame is too long; the
   * splitter cannot be used after that.
   */
  *split(chunk: Buffer): Generator<Buffer, void, undefined> {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#filled === 0 && chunk.length - offset >= HEADER_LENGTH) {
        const end = offset + this.#frameLength(chunk, offset);
        if (end <= chunk.length) {
          yield chunk.subarray(offset, end);
          offset = end;
          continue;
        }
      }
      const copied = chunk.copy(this.#partial, this.#filled, offset);
      this.#filled += copied;
      offset += copied;
      if (this.#filled === this.#partial.length && this.#completed()) yield this.#takePartial();
    }
  }

  /**
   * Whether the collected bytes are a whole frame. If they are only its header, makes room for the payload.
   */
  #completed(): boolean {
    const length = this.#frameLength(this.#partial, 0);
    if (length === this.#filled) return true;
    const frame = Buffer.allocUnsafe(length);
    this.#partial.copy(frame);
    this.#partial = frame;
    return false;
  }

  #takePartial(): Buffer {
    const frame = this.#partial;
    this.#partial = Buffer.alloc(HEADER_LENGTH);
    this.#filled = 0;
    return frame;
  }

  #frameLength(bytes: Buffer, offset: number): number {
    const [version, type] = [bytes[offset]!, bytes[offset + 1]!];
    if (version !== 0) throw invalid(`has version ${version}; only 0 exists`);
    if (type > YamuxFrameType.GoAway) throw invalid(`is of unknown type ${type}`);
    if (type !== YamuxFrameType.Data) return HEADER_LENGTH;
    const payload = bytes.readUInt32BE(offset + 8);
    if (payload > this.#maxFrameSize) {
      throw invalid(
        `has ${payload} bytes; at most ${this.#maxFrameSize} ("maxFrameSize") are kept`,
      );
    }
    return HEADER_LENGTH + payload;
  }
}

function invalid(problem: string): YamuxError {
  return new YamuxError('ERR_YAMUX_PROTOCOL', `a yamux frame of the other end ${problem}`);
}
