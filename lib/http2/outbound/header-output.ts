import { Http2Flag, Http2FrameType } from '../protocol/frame.js';
import type { Http2ConnectionOptions } from '../connection-options.js';
import { HpackEncoder } from '../hpack/index.js';
import { INITIAL_SETTINGS, type Http2Settings } from '../protocol/settings.js';
import type { Http2FrameOutput } from './frame-output.js';

/**
 * Header list size, in bytes, that every peer accepts if it has announced none. nghttp2, used by
 * `node:http2` and grpc-js, ends the connection on a longer header value.
 */
const MAX_HEADER_LIST_OF_NODE = 64 * 1024;

/** Share of `Http2FrameOutput.roomLeft` that one header list may take. */
const HEADERS_SHARE = 1 / 2;
/** Share of `roomLeft` that one list of trailers may take while the socket is full. */
const TRAILERS_SHARE = 1 / 64;
/** Smallest limit for a list of trailers, in bytes, unless `maxListSize` is smaller. */
const LEAST_TRAILERS = 256;

type HeaderOutputOptions = Pick<Http2ConnectionOptions, 'varyingHeaders' | 'maxHeaderListSize'>;

/** Encodes header blocks directly into the output, and splits those that need more than one frame. */
export class HeaderOutput {
  readonly #output: Http2FrameOutput;
  readonly #options: HeaderOutputOptions;
  /** Created when it is used first: many connections send no headers. */
  #encoder: HpackEncoder | undefined;

  constructor(output: Http2FrameOutput, options: HeaderOutputOptions) {
    this.#output = output;
    this.#options = options;
  }

  /** Largest header list that may be sent now, in bytes; see `Http2Connection.maxSentHeaderListSize`. */
  maxListSize(peer: Readonly<Http2Settings>): number {
    const taken =
      peer.maxHeaderListSize === Infinity
        ? Math.max(this.#options.maxHeaderListSize, MAX_HEADER_LIST_OF_NODE)
        : peer.maxHeaderListSize;
    return Math.min(taken, this.#output.roomLeft * HEADERS_SHARE);
  }

  /** Largest list of trailers, in bytes; the limit leaves room for the trailers of other streams. */
  maxTrailersSize(peer: Readonly<Http2Settings>): number {
    const { roomLeft, full } = this.#output;
    const room = roomLeft * (full ? TRAILERS_SHARE : HEADERS_SHARE);
    return Math.min(this.maxListSize(peer), Math.max(LEAST_TRAILERS, room));
  }

  /** Applies the peer's SETTINGS_HEADER_TABLE_SIZE. */
  setMaxTableSize(bytes: number): void {
    // A new encoder has the initial size, which a larger size of the peer does not change.
    if (this.#encoder === undefined && bytes >= INITIAL_SETTINGS.headerTableSize) return;
    this.#encoder ??= createEncoder(this.#options);
    this.#encoder.setMaxTableSize(bytes);
  }

  /**
   * @param maxFrameSize - largest frame payload that the peer accepts, in bytes.
   * @throws HpackError for a character above 0xff; nothing is written then.
   */
  write(
    streamId: number,
    headers: readonly string[],
    endStream: boolean,
    maxFrameSize: number,
  ): void {
    const output = this.#output;
    this.#encoder ??= createEncoder(this.#options);
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

function createEncoder({ varyingHeaders: varyingNames }: HeaderOutputOptions): HpackEncoder {
  return new HpackEncoder(varyingNames.length > 0 ? { varyingNames } : {});
}
