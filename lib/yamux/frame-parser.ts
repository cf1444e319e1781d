import { FRAMES_PER_LOOK, type ReadingTime } from '../wire/index.js';
import { foreignProtocol } from './foreign-protocol.js';
import { YamuxFrameType, HEADER_LENGTH, PROTOCOL_VERSION } from './frame.js';

/** Receives the frames that a `YamuxFrameParser` finds, in wire order. */
export interface YamuxFrameHandler {
  /** The header of a data frame, not for stream 0. `onPayload` and `onDataEnd` follow. */
  onData(flags: number, streamId: number, length: number): void;
  /** A piece of the payload of the current data frame; a view of the pushed chunk. */
  onPayload(piece: Buffer): void;
  /** The current data frame is complete. Called for empty frames too. */
  onDataEnd(): void;
  /** A window update, not for stream 0. */
  onWindowUpdate(flags: number, streamId: number, delta: number): void;
  onPing(flags: number, value: number): void;
  onGoAway(code: number): void;
  /**
   * The bytes are not yamux. The handler must call `stop()`.
   *
   * @param rule - the broken rule, if `message` describes more: the peer may speak another protocol.
   */
  onInvalid(message: string, rule?: string): void;
}

/**
 * Finds frames in chunks of any size. The parser neither joins chunks nor waits for a complete frame,
 * so a frame of any length costs no memory. Handlers may call `stop()` at any time.
 */
export class YamuxFrameParser {
  readonly #handler: YamuxFrameHandler;
  /** The bytes received so far of a header that is split across chunks. */
  readonly #partial = Buffer.allocUnsafeSlow(HEADER_LENGTH);
  #partialLength = 0;
  #payloadLeft = 0;
  #stopped = false;
  /** Whether there was a valid header: the peer speaks yamux. */
  #speaksYamux = false;

  constructor(handler: YamuxFrameHandler) {
    this.#handler = handler;
  }

  /** Whether the bytes pushed so far end inside a frame. */
  get insideFrame(): boolean {
    return this.#partialLength > 0 || this.#payloadLeft > 0;
  }

  /** Ignores all further bytes, including the rest of the current chunk. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Parses `chunk` from offset `start`, up to its end or until `time` is up.
   *
   * @returns the offset of the first unparsed byte; `chunk.length` once the parser is stopped.
   */
  push(chunk: Buffer, start = 0, time?: ReadingTime): number {
    let offset = start;
    let parts = 0;
    while (offset < chunk.length && !this.#stopped) {
      if (this.#payloadLeft > 0) {
        offset = this.#readPayload(chunk, offset);
      } else if (this.#partialLength === 0 && chunk.length - offset >= HEADER_LENGTH) {
        this.#readHeader(chunk, offset);
        offset += HEADER_LENGTH;
      } else {
        offset = this.#collectHeader(chunk, offset);
      }
      parts += 1;
      if (parts % FRAMES_PER_LOOK === 0 && time?.isUp()) break;
    }
    return this.#stopped ? chunk.length : offset;
  }

  #readPayload(chunk: Buffer, offset: number): number {
    const end = Math.min(chunk.length, offset + this.#payloadLeft);
    this.#payloadLeft -= end - offset;
    this.#handler.onPayload(end - offset === chunk.length ? chunk : chunk.subarray(offset, end));
    if (this.#payloadLeft === 0 && !this.#stopped) this.#handler.onDataEnd();
    return end;
  }

  #collectHeader(chunk: Buffer, offset: number): number {
    const copied = chunk.copy(this.#partial, this.#partialLength, offset);
    this.#partialLength += copied;
    if (this.#partialLength === HEADER_LENGTH) {
      this.#partialLength = 0;
      this.#readHeader(this.#partial, 0);
    } else {
      // A peer that speaks another protocol may never send a whole header.
      this.#checkStart(this.#partial, 0, this.#partialLength);
    }
    return offset + copied;
  }

  /** Returns whether the first `length` bytes of a header can be yamux. If not, reports them as invalid. */
  #checkStart(bytes: Buffer, offset: number, length: number): boolean {
    const version = bytes[offset]!;
    const type = bytes[offset + 1]!;
    if (version !== PROTOCOL_VERSION) {
      const rule = `frame of version ${version}; only ${PROTOCOL_VERSION} exists`;
      this.#reject(rule, bytes, offset, length);
    } else if (length > 1 && type > YamuxFrameType.GoAway) {
      this.#reject(`frame of unknown type ${type}`, bytes, offset, length);
    } else {
      return true;
    }
    return false;
  }

  /** Reports an invalid header, and if it is the first one, the protocol that the peer speaks. */
  #reject(rule: string, bytes: Buffer, offset: number, length: number): void {
    // A chunk may continue after the header; the buffer of a split header has nothing behind it.
    const end = bytes === this.#partial ? length : bytes.length;
    if (this.#speaksYamux) return this.#handler.onInvalid(rule);
    const foreign = foreignProtocol(bytes.subarray(offset, end));
    this.#handler.onInvalid(foreign ?? `${rule}; the peer may not speak yamux at all`, rule);
  }

  #readHeader(bytes: Buffer, offset: number): void {
    if (!this.#checkStart(bytes, offset, HEADER_LENGTH)) return;
    const handler = this.#handler;
    const type = bytes[offset + 1]!;
    const flags = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
    const streamId = bytes.readUInt32BE(offset + 4);
    const length = bytes.readUInt32BE(offset + 8);
    if (streamId === 0 && type <= YamuxFrameType.WindowUpdate) {
      return this.#reject('frame for stream 0', bytes, offset, HEADER_LENGTH);
    }
    this.#speaksYamux = true;
    switch (type) {
      case YamuxFrameType.Data:
        this.#payloadLeft = length;
        handler.onData(flags, streamId, length);
        if (length === 0 && !this.#stopped) handler.onDataEnd();
        return;
      case YamuxFrameType.WindowUpdate:
        return handler.onWindowUpdate(flags, streamId, length);
      case YamuxFrameType.Ping:
        return handler.onPing(flags, length);
      case YamuxFrameType.GoAway:
        return handler.onGoAway(length);
      default: // No other type passes `#checkStart`.
    }
  }
}
