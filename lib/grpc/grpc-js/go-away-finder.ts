import { decodeReason, Http2FrameType } from '../../http2/index.js';
import type { GoAway } from '../grpc-engine.js';

/** Length, type, flags and stream id (RFC 9113, 4.1). */
const FRAME_HEADER_BYTES = 9;
/** Last stream id and error code, before the debug data (RFC 9113, 6.8). */
const NUMBERS_BYTES = 8;
/** Bytes of a GOAWAY that are kept: the rest of its debug data is dropped. */
const MAX_BYTES = NUMBERS_BYTES + 1024;

/**
 * Finds GOAWAY frames in the output of an HTTP/2 server: grpc-js handles but does not report them. Keeps no
 * bytes of other frames.
 */
export class GoAwayFinder {
  readonly #onGoAway: (goAway: GoAway) => void;
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  /** Bytes of the current payload that have not arrived. */
  #left = 0;
  /** The payload of a GOAWAY received so far; undefined in other frames. */
  #payload: Buffer | undefined;

  constructor(onGoAway: (goAway: GoAway) => void) {
    this.#onGoAway = onGoAway;
  }

  /** Reads the next bytes of the connection. */
  read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      at += this.#left > 0 ? this.#readPayload(chunk, at) : this.#readHeader(chunk, at);
    }
  }

  /** Returns how many bytes it took. */
  #readHeader(chunk: Buffer, at: number): number {
    const header = this.#header;
    const taken = chunk.copy(header, this.#headerBytes, at);
    this.#headerBytes += taken;
    if (this.#headerBytes < FRAME_HEADER_BYTES) return taken;
    this.#headerBytes = 0;
    this.#left = header.readUIntBE(0, 3);
    this.#payload = header[3] === Http2FrameType.GoAway ? Buffer.alloc(0) : undefined;
    return taken;
  }

  /** Returns how many bytes it took. */
  #readPayload(chunk: Buffer, at: number): number {
    const taken = Math.min(this.#left, chunk.length - at);
    this.#left -= taken;
    if (this.#payload !== undefined) this.#keep(chunk.subarray(at, at + taken));
    return taken;
  }

  #keep(piece: Buffer): void {
    const payload = Buffer.concat([this.#payload!, piece]).subarray(0, MAX_BYTES);
    this.#payload = payload;
    if (this.#left > 0 || payload.length < NUMBERS_BYTES) return;
    this.#onGoAway({
      code: payload.readUInt32BE(4),
      message: decodeReason(payload.subarray(NUMBERS_BYTES)),
    });
  }
}
