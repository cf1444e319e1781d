import { copyOf } from '../../wire/index.js';
import { isPartOfLargeBuffer } from './large-buffer.js';
import { PREFIX_LENGTH } from './message-prefix.js';

/**
 * Messages up to this size, in bytes, are copied out of a large buffer, so that a retained message does not
 * retain the buffer.
 */
const COPY_LIMIT = 4096;

/**
 * Size of the buffer for a partial message, as a multiple of the received bytes. Unwritten memory is nearly
 * free: the system allocates it page by page. A message of 1 MiB that begins with a frame of 16 KiB, less its
 * prefix, fits at once.
 */
const GROWTH = 65;
/**
 * Multiple to use if `GROWTH` exceeds the memory. With a smaller one, a message that arrives byte by byte
 * would be copied for each byte.
 */
const LEAST_GROWTH = 2;

/** Receives the messages of a stream. */
export interface MessageSink {
  /** Called with a complete message. */
  onMessage(message: Buffer, compressed: boolean): void;
  /** Called if a message declares a length above the limit, as the last event. */
  onTooLong(length: number): void;
  /** Requests `bytes` more of memory for a partial message. Returns whether they are granted. */
  takeRoom(bytes: number): boolean;
  /** Called if a partial message gets no memory, as the last event. */
  onNoRoom(): void;
}

/**
 * Assembles messages from pieces of any size, one at a time. A partial message is copied, so that no chunk
 * of input outlives its turn.
 */
export class MessageReader {
  readonly #limit: number;
  readonly #sink: MessageSink;
  #state: 'prefix' | 'body' | 'stopped' = 'prefix';
  #prefix: Buffer | undefined;
  /** Received bytes of the prefix, or of the body. */
  #received = 0;
  #length = 0;
  #compressed = false;
  /** Whether `read` has completed a message. */
  #hasMessage = false;
  /** A partial message: its received bytes, and spare room. */
  #message: Buffer | undefined;

  /** @param limit - maximum size of a message in bytes; negative for no limit. */
  constructor(limit: number, sink: MessageSink) {
    this.#limit = limit < 0 ? Infinity : limit;
    this.#sink = sink;
  }

  /** Whether no message is partial, so that the stream may end here. */
  get atBoundary(): boolean {
    return this.#state !== 'body' && this.#received === 0;
  }

  /**
   * Reads `chunk` from `start` to `end`, or to the end of one message.
   *
   * @param isLent - whether the message must not be a view of `chunk`.
   * @returns the offset at which it stopped.
   */
  read(chunk: Buffer, start: number, end: number, isLent: boolean): number {
    let at = start;
    this.#hasMessage = false;
    while (at < end && !this.#hasMessage && this.#state !== 'stopped') {
      const isPrefix = this.#state === 'prefix';
      at = isPrefix ? this.#readPrefix(chunk, at, end) : this.#readBody(chunk, at, end, isLent);
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

  #readBody(chunk: Buffer, at: number, end: number, isLent: boolean): number {
    const partEnd = Math.min(end, at + this.#length - this.#received);
    const length = partEnd - at;
    if (length === this.#length) {
      const isCopied = isLent || (length <= COPY_LIMIT && isPartOfLargeBuffer(chunk, length));
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

  /**
   * Returns a buffer with room for `bytes` more. Its size depends on the received bytes: a declared length
   * alone must not cost memory.
   */
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

  /** Returns the granted size, or undefined if there is no memory. */
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

/** Same as `readUInt32BE`, without its bounds check for each message. */
function lengthAt(bytes: Buffer, at: number): number {
  const low = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return bytes[at]! * 0x100_0000 + low;
}
