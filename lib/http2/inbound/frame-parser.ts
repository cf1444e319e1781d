import { FRAMES_PER_LOOK, type ReadingTime } from '../../wire/index.js';
import {
  CONNECTION_PREFACE,
  Http2Flag,
  FRAME_HEADER_LENGTH,
  Http2FrameType,
} from '../protocol/frame.js';

/** Events of a `Http2FrameParser`, in the order of the bytes. */
export interface Http2FrameHandler {
  /** The client's connection preface is complete. Server only, and before all other events. */
  onPreface(): void;
  /** The input does not begin with the connection preface. */
  onBadPreface(): void;
  /** A frame header, before the payload. The handler may refuse the frame by `stop()`. */
  onHeader(type: number, flags: number, streamId: number, length: number): void;
  /** A piece of the current DATA frame's content: the bytes of `chunk` from `start` to `end`. */
  onData(chunk: Buffer, start: number, end: number): void;
  /** The current DATA frame is complete. */
  onDataEnd(): void;
  /** The whole payload of a frame of a known type other than DATA. The handler must not keep it. */
  onPayload(payload: Buffer): void;
  /** The padding of a DATA frame is longer than the frame. */
  onBadPadding(): void;
}

const EMPTY = Buffer.alloc(0);

/** Bytes of DATA that count as much progress as one frame. */
const DATA_THAT_COUNTS = 256;

type Part = 'preface' | 'header' | 'pad length' | 'data' | 'padding' | 'payload' | 'unknown';

/**
 * Parses frames out of chunks of any size, in place. DATA is passed on as it arrives; the payload of other
 * frames is collected if it spans chunks, so the handler must refuse frames that are too long. Handlers may
 * call `stop()`, and must not throw.
 */
export class Http2FrameParser {
  readonly #handler: Http2FrameHandler;
  #part: Part;
  /** Bytes of the current header or payload from earlier chunks. */
  #partial: Buffer = EMPTY;
  #partialLength = 0;
  /** Bytes still missing of the current part. */
  #left: number;
  #padding = 0;
  #stopped = false;
  /** Frames whose header was read, without CONTINUATION. */
  #frames = 0;
  #dataBytes = 0;
  /** Whether the next frame must be CONTINUATION. */
  #insideHeaders = false;

  /** @param readsPreface - whether the peer is the client, which sends the preface. */
  constructor(handler: Http2FrameHandler, readsPreface: boolean) {
    this.#handler = handler;
    this.#part = readsPreface ? 'preface' : 'header';
    this.#left = readsPreface ? CONNECTION_PREFACE.length : FRAME_HEADER_LENGTH;
  }

  /**
   * Progress of the peer: grows by 1 with each frame that begins, and with each 256 bytes of DATA. It
   * does not grow within a header block or a frame other than DATA: those must be complete in time.
   */
  get progress(): number {
    return this.#frames + Math.floor(this.#dataBytes / DATA_THAT_COUNTS);
  }

  /** Whether a header block, a frame header, or a frame other than DATA is incomplete. */
  get isUnfinished(): boolean {
    if (this.#insideHeaders || this.#part === 'payload' || this.#part === 'unknown') return true;
    return this.#part === 'header' && this.#partialLength > 0;
  }

  /** Ignores all further input, including the rest of the current chunk. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Parses `chunk` from `start` on, up to its end or until `time` is up.
   *
   * @returns the offset up to which the chunk was parsed; its length after `stop()`.
   */
  push(chunk: Buffer, start = 0, time?: ReadingTime): number {
    let offset = start;
    let parts = 0;
    while (offset < chunk.length && !this.#stopped) {
      const wanted = this.#part === 'pad length' ? 1 : this.#left;
      const end = Math.min(chunk.length, offset + wanted);
      this.#take(chunk, offset, end);
      offset = end;
      parts += 1;
      if (parts % FRAMES_PER_LOOK === 0 && time?.isUp()) break;
    }
    return this.#stopped ? chunk.length : offset;
  }

  /** Parses bytes of `chunk` that all belong to the current part. */
  #take(chunk: Buffer, start: number, end: number): void {
    switch (this.#part) {
      case 'preface':
        return this.#takePreface(chunk, start, end);
      case 'header':
        return this.#takeHeader(chunk, start, end);
      case 'pad length':
        return this.#takePadLength(chunk[start]!);
      case 'data':
        this.#left -= end - start;
        this.#dataBytes += end - start;
        this.#handler.onData(chunk, start, end);
        if (this.#left === 0) this.#skipPadding();
        return;
      case 'padding':
        this.#left -= end - start;
        if (this.#left === 0) this.#endData();
        return;
      case 'payload':
        return this.#takePayload(chunk, start, end);
      case 'unknown':
        this.#left -= end - start;
        if (this.#left === 0) this.#nextFrame();
    }
  }

  #takePreface(chunk: Buffer, start: number, end: number): void {
    const at = CONNECTION_PREFACE.length - this.#left;
    const expected = CONNECTION_PREFACE.subarray(at, at + end - start);
    if (!chunk.subarray(start, end).equals(expected)) {
      this.stop();
      this.#handler.onBadPreface();
      return;
    }
    this.#left -= end - start;
    if (this.#left > 0) return;
    this.#nextFrame();
    this.#handler.onPreface();
  }

  #takeHeader(chunk: Buffer, start: number, end: number): void {
    if (end - start === FRAME_HEADER_LENGTH) return this.#readHeader(chunk, start);
    if (this.#partialLength === 0) this.#partial = Buffer.allocUnsafe(FRAME_HEADER_LENGTH);
    if (this.#collect(chunk, start, end)) this.#readHeader(this.#partial, 0);
  }

  #readHeader(bytes: Buffer, at: number): void {
    const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    // The highest bit is reserved and must be ignored (RFC 9113, 4.1).
    const streamId =
      ((bytes[at + 5]! & 0x7f) << 24) |
      (bytes[at + 6]! << 16) |
      (bytes[at + 7]! << 8) |
      bytes[at + 8]!;
    this.#partialLength = 0;
    this.#left = length;
    if (type !== Http2FrameType.Continuation) this.#frames += 1;
    if (type === Http2FrameType.Headers || type === Http2FrameType.Continuation) {
      this.#insideHeaders = (flags & Http2Flag.EndHeaders) === 0;
    }
    this.#handler.onHeader(type, flags, streamId, length);
    if (this.#stopped) return;
    if (type === Http2FrameType.Data) this.#beginData(flags);
    else if (type > Http2FrameType.Continuation) this.#beginUnknown();
    else this.#beginPayload();
  }

  #beginData(flags: number): void {
    this.#padding = 0;
    if (flags & Http2Flag.Padded) {
      if (this.#left === 0) return this.#refusePadding();
      this.#part = 'pad length';
    } else {
      this.#beginContent();
    }
  }

  #takePadLength(padding: number): void {
    this.#left -= 1;
    if (padding > this.#left) return this.#refusePadding();
    this.#padding = padding;
    this.#left -= padding;
    this.#beginContent();
  }

  #refusePadding(): void {
    this.stop();
    this.#handler.onBadPadding();
  }

  #beginContent(): void {
    this.#part = 'data';
    if (this.#left === 0) this.#skipPadding();
  }

  #skipPadding(): void {
    this.#part = 'padding';
    this.#left = this.#padding;
    if (this.#left === 0) this.#endData();
  }

  #endData(): void {
    this.#nextFrame();
    if (!this.#stopped) this.#handler.onDataEnd();
  }

  #beginUnknown(): void {
    if (this.#left === 0) this.#nextFrame();
    else this.#part = 'unknown';
  }

  #beginPayload(): void {
    this.#part = 'payload';
    if (this.#left === 0) this.#endPayload(EMPTY);
  }

  #takePayload(chunk: Buffer, start: number, end: number): void {
    if (this.#partialLength === 0) {
      if (end - start === this.#left) return this.#endPayload(chunk.subarray(start, end));
      this.#partial = Buffer.allocUnsafe(this.#left);
    }
    if (this.#collect(chunk, start, end)) this.#endPayload(this.#partial);
  }

  /** Adds bytes to `#partial`. Returns whether the current part is complete. */
  #collect(chunk: Buffer, start: number, end: number): boolean {
    chunk.copy(this.#partial, this.#partialLength, start, end);
    this.#partialLength += end - start;
    this.#left -= end - start;
    return this.#left === 0;
  }

  #endPayload(payload: Buffer): void {
    this.#nextFrame();
    this.#handler.onPayload(payload);
  }

  #nextFrame(): void {
    this.#part = 'header';
    this.#left = FRAME_HEADER_LENGTH;
    this.#partial = EMPTY;
    this.#partialLength = 0;
  }
}
