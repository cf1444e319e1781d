import { Http2Flag, Http2FrameType } from '../frame.js';
import type { Http2ConnectionOptions } from '../connection-options.js';
import { HpackEncoder } from '../hpack/index.js';
import type { Http2Settings } from '../settings.js';
import type { Http2FrameOutput } from './frame-output.js';

/**
 * Bytes of headers that peers take at least, if they do not say how many. nghttp2, and with it
 * `node:http2` and grpc-js, ends the connection for a longer value.
 */
const MAX_HEADER_LIST_OF_NODE = 64 * 1024;

/** Share of the room for frames other than DATA that one header list may take. */
const HEADERS_SHARE = 1 / 2;
/** Share of that room that one list of trailers may take while the socket is full. */
const TRAILERS_SHARE = 1 / 64;
/** Bytes that a list of trailers may have in any case. */
const LEAST_TRAILERS = 256;

type HeaderOutputOptions = Pick<Http2ConnectionOptions, 'varyingHeaders' | 'maxHeaderListSize'>;

/** Writes header blocks: each into the output where it stands, unless it takes more than one frame. */
export class HeaderOutput {
  readonly #output: Http2FrameOutput;
  readonly #options: HeaderOutputOptions;
  readonly #encoder: HpackEncoder;

  constructor(output: Http2FrameOutput, options: HeaderOutputOptions) {
    const { varyingHeaders: varyingNames } = options;
    this.#output = output;
    this.#options = options;
    this.#encoder = new HpackEncoder(varyingNames.length > 0 ? { varyingNames } : {});
  }

  /** Bytes of the largest header list that is to be sent now; see `Http2Connection.maxSentHeaderListSize`. */
  maxListSize(peer: Readonly<Http2Settings>): number {
    const taken =
      peer.maxHeaderListSize === Infinity
        ? Math.max(this.#options.maxHeaderListSize, MAX_HEADER_LIST_OF_NODE)
        : peer.maxHeaderListSize;
    return Math.min(taken, this.#output.roomLeft * HEADERS_SHARE);
  }

  /** Bytes of the largest list of trailers; it should leave room for those of many other streams. */
  maxTrailersSize(peer: Readonly<Http2Settings>): number {
    const { roomLeft, full } = this.#output;
    const room = roomLeft * (full ? TRAILERS_SHARE : HEADERS_SHARE);
    return Math.min(this.maxListSize(peer), Math.max(LEAST_TRAILERS, room));
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
