import { Http2Flag, Http2FrameType } from './frame.js';
import type { Http2FrameOutput } from './frame-output.js';
import { HpackEncoder } from './hpack/index.js';

/** Writes header blocks: each into the output where it stands, unless it takes more than one frame. */
export class HeaderOutput {
  readonly #output: Http2FrameOutput;
  readonly #encoder: HpackEncoder;

  /** @param varyingNames - see `Http2ConnectionOptions.varyingHeaders`. */
  constructor(output: Http2FrameOutput, varyingNames: readonly string[]) {
    this.#output = output;
    this.#encoder = new HpackEncoder(varyingNames.length > 0 ? { varyingNames } : {});
  }

  /** The peer has said how large its dynamic table may be. */
  setMaxTableSize(bytes: number): void {
    this.#encoder.setMaxTableSize(bytes);
  }

  /**
   * @param maxFrameSize - longest payload of a frame that the peer takes.
   * @throws HpackError for a character that no header can have; then nothing was written.
   */
  write(
    streamId: number,
    headers: readonly string[],
    endStream: boolean,
    maxFrameSize: number,
  ): void {
    const output = this.#output;
    const from = output.beginFrame();
    try {
      this.#encoder.encode(headers, output.writer);
    } catch (error) {
      output.takeBack(from);
      throw error;
    }
    const endFlag = endStream ? Http2Flag.EndStream : 0;
    if (output.lengthSince(from) <= maxFrameSize) {
      output.endFrame(from, Http2FrameType.Headers, Http2Flag.EndHeaders | endFlag, streamId);
    } else {
      this.#writeLong(streamId, Buffer.from(output.takeBack(from)), endFlag, maxFrameSize);
    }
  }

  #writeLong(streamId: number, block: Buffer, endFlag: number, max: number): void {
    this.#output.frame(Http2FrameType.Headers, endFlag, streamId, block.subarray(0, max));
    for (let at = max; at < block.length; at += max) {
      const isLast = at + max >= block.length;
      this.#output.frame(
        Http2FrameType.Continuation,
        isLast ? Http2Flag.EndHeaders : 0,
        streamId,
        block.subarray(at, at + max),
      );
    }
  }
}
