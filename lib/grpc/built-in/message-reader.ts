import { PREFIX_LENGTH } from './message-prefix.js';

/** Messages up to this size are copied: one that is kept must not keep a whole chunk of input alive. */
const COPY_LIMIT = 4096;

/** Bytes that small pieces of a message are gathered in. */
const GATHER_SIZE = 16 * 1024;

/** What is told of the messages of a stream. */
export interface MessageSink {
  /** A whole message has come. */
  onMessage(message: Buffer, compressed: boolean): void;
  /** A message says that it is longer than the limit. Nothing is told after it. */
  onTooLong(length: number): void;
}

/**
 * Puts messages together from pieces of any size. One that is cut is collected piece by piece, never
 * beyond the limit.
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
  #parts: Buffer[] = [];
  /** Where small pieces are gathered, and how many bytes there are. */
  #gathered: Buffer | undefined;
  #gatheredLength = 0;

  /** @param limit - bytes that a message may have; negative for any number. */
  constructor(limit: number, sink: MessageSink) {
    this.#limit = limit < 0 ? Infinity : limit;
    this.#sink = sink;
  }

  /** Whether no message is cut, so that the stream may end here. */
  get atBoundary(): boolean {
    return this.#state !== 'body' && this.#received === 0;
  }

  push(piece: Buffer): void {
    let at = 0;
    while (at < piece.length && this.#state !== 'stopped') {
      at = this.#state === 'prefix' ? this.#readPrefix(piece, at) : this.#readBody(piece, at);
    }
  }

  #readPrefix(piece: Buffer, at: number): number {
    if (this.#received === 0 && piece.length - at >= PREFIX_LENGTH) {
      this.#begin(piece, at);
      return at + PREFIX_LENGTH;
    }
    this.#prefix ??= Buffer.allocUnsafe(PREFIX_LENGTH);
    const end = Math.min(piece.length, at + PREFIX_LENGTH - this.#received);
    piece.copy(this.#prefix, this.#received, at, end);
    this.#received += end - at;
    if (this.#received === PREFIX_LENGTH) this.#begin(this.#prefix, 0);
    return end;
  }

  #begin(prefix: Buffer, at: number): void {
    this.#compressed = prefix[at] === 1;
    this.#length = prefix.readUInt32BE(at + 1);
    this.#received = 0;
    if (this.#length > this.#limit) {
      this.#state = 'stopped';
      this.#sink.onTooLong(this.#length);
    } else if (this.#length === 0) {
      this.#sink.onMessage(Buffer.alloc(0), this.#compressed);
    } else {
      this.#state = 'body';
    }
  }

  #readBody(piece: Buffer, at: number): number {
    const end = Math.min(piece.length, at + this.#length - this.#received);
    const part = piece.subarray(at, end);
    this.#received += part.length;
    const isWhole = this.#received === this.#length;
    if (isWhole && part.length === this.#length) {
      this.#finish(part.length <= COPY_LIMIT ? Buffer.from(part) : part);
    } else {
      this.#collect(part);
      if (isWhole) this.#finish(this.#join());
    }
    return end;
  }

  /** A small piece is copied: it would keep its chunk of input, and itself, alive for a few bytes. */
  #collect(part: Buffer): void {
    if (part.length > COPY_LIMIT) {
      this.#putGathered();
      this.#parts.push(part);
      return;
    }
    if (this.#gatheredLength + part.length > GATHER_SIZE) this.#putGathered();
    const left = this.#length - this.#received + part.length;
    this.#gathered ??= Buffer.allocUnsafe(Math.min(GATHER_SIZE, left));
    part.copy(this.#gathered, this.#gatheredLength);
    this.#gatheredLength += part.length;
  }

  #putGathered(): void {
    if (this.#gathered) this.#parts.push(this.#gathered.subarray(0, this.#gatheredLength));
    this.#gathered = undefined;
    this.#gatheredLength = 0;
  }

  #join(): Buffer {
    this.#putGathered();
    const parts = this.#parts;
    this.#parts = [];
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, this.#length);
  }

  #finish(message: Buffer): void {
    this.#state = 'prefix';
    this.#received = 0;
    this.#sink.onMessage(message, this.#compressed);
  }
}
