import { isPartOfLargeBuffer } from './large-buffer.js';
import { PREFIX_LENGTH } from './message-prefix.js';

/** Messages up to this size are copied out of a large buffer: one that is kept must not keep all of it in memory. */
const COPY_LIMIT = 4096;

/**
 * How much room is made for a message that is cut, in terms of what has come of it. Room that nothing is
 * written to costs next to nothing: the system gives memory page by page.
 */
const GROWTH = 64;
/** The same where there is not so much room. Less, and a message that comes byte by byte is copied byte by byte. */
const LEAST_GROWTH = 2;

/** What is told of the messages of a stream. */
export interface MessageSink {
  /** A whole message has come. */
  onMessage(message: Buffer, compressed: boolean): void;
  /** A message says that it is longer than the limit. Nothing is told after it. */
  onTooLong(length: number): void;
  /** A message that is cut needs `bytes` of room, or more of it. Returns whether it may have them. */
  takeRoom(bytes: number): boolean;
  /** There was no room for it. Nothing is told after it. */
  onNoRoom(): void;
}

/**
 * Puts messages together from pieces of any size, one at a time. One that is cut is copied together, so
 * that no chunk of input outlives its turn.
 */
export class MessageReader {
  readonly #limit: number;
  readonly #sink: MessageSink;
  #state: 'prefix' | 'body' | 'stopped' = 'prefix';
  #prefix: Buffer | undefined;
  /** Bytes of the prefix, or of the body, that have come. */
  #received = 0;
  #length = 0;
  #compressed = false;
  /** Whether a message was told since `read` was called. */
  #hasMessage = false;
  /** A message that is cut: what has come of it, and room for some more. */
  #message: Buffer | undefined;

  /** @param limit - bytes that a message may have; negative for any number. */
  constructor(limit: number, sink: MessageSink) {
    this.#limit = limit < 0 ? Infinity : limit;
    this.#sink = sink;
  }

  /** Whether no message is cut, so that the stream may end here. */
  get atBoundary(): boolean {
    return this.#state !== 'body' && this.#received === 0;
  }

  /** Reads `chunk` from `start`, up to `end` or to the end of one message. Returns how far it came. */
  read(chunk: Buffer, start: number, end: number): number {
    let at = start;
    this.#hasMessage = false;
    while (at < end && !this.#hasMessage && this.#state !== 'stopped') {
      const isPrefix = this.#state === 'prefix';
      at = isPrefix ? this.#readPrefix(chunk, at, end) : this.#readBody(chunk, at, end);
    }
    return at;
  }

  #readPrefix(chunk: Buffer, at: number, end: number): number {
    if (this.#received === 0 && end - at >= PREFIX_LENGTH) {
      this.#begin(chunk, at);
      return at + PREFIX_LENGTH;
    }
    this.#prefix ??= Buffer.allocUnsafe(PREFIX_LENGTH);
    const partEnd = Math.min(end, at + PREFIX_LENGTH - this.#received);
    chunk.copy(this.#prefix, this.#received, at, partEnd);
    this.#received += partEnd - at;
    if (this.#received === PREFIX_LENGTH) this.#begin(this.#prefix, 0);
    return partEnd;
  }

  #begin(prefix: Buffer, at: number): void {
    this.#compressed = prefix[at] === 1;
    this.#length = lengthAt(prefix, at + 1);
    this.#received = 0;
    if (this.#length > this.#limit) {
      this.#state = 'stopped';
      this.#sink.onTooLong(this.#length);
    } else if (this.#length === 0) {
      this.#finish(Buffer.alloc(0));
    } else {
      this.#state = 'body';
    }
  }

  #readBody(chunk: Buffer, at: number, end: number): number {
    const partEnd = Math.min(end, at + this.#length - this.#received);
    const length = partEnd - at;
    if (length === this.#length) {
      const isCopied = length <= COPY_LIMIT && isPartOfLargeBuffer(chunk, length);
      this.#finish(isCopied ? copyOf(chunk, at, partEnd) : chunk.subarray(at, partEnd));
      return partEnd;
    }
    const message = this.#makeRoom(length);
    if (message === undefined) return partEnd;
    chunk.copy(message, this.#received, at, partEnd);
    this.#received += length;
    if (this.#received === this.#length) {
      this.#message = undefined;
      this.#finish(message);
    }
    return partEnd;
  }

  /** In terms of what has come, not of what is announced: a length alone must not cost anything. */
  #makeRoom(bytes: number): Buffer | undefined {
    const needed = this.#received + bytes;
    const present = this.#message?.length ?? 0;
    if (present >= needed) return this.#message;
    const size = this.#takeRoom(needed, present);
    if (size === undefined) {
      this.#state = 'stopped';
      this.#message = undefined;
      this.#sink.onNoRoom();
      return undefined;
    }
    const larger = Buffer.allocUnsafe(size);
    this.#message?.copy(larger, 0, 0, this.#received);
    this.#message = larger;
    return larger;
  }

  /** Returns how much room there may be: more than is needed, or there is none. */
  #takeRoom(needed: number, present: number): number | undefined {
    for (const growth of [GROWTH, LEAST_GROWTH]) {
      const size = Math.min(this.#length, growth * needed);
      if (this.#sink.takeRoom(size - present)) return size;
    }
    return undefined;
  }

  #finish(message: Buffer): void {
    this.#hasMessage = true;
    this.#state = 'prefix';
    this.#received = 0;
    this.#sink.onMessage(message, this.#compressed);
  }
}

function copyOf(chunk: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  chunk.copy(copy, 0, start, end);
  return copy;
}

/** As `readUInt32BE`, which checks its bounds once more, for each message. */
function lengthAt(bytes: Buffer, at: number): number {
  const low = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return bytes[at]! * 0x100_0000 + low;
}
