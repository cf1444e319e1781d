import { overwriteFreed, overwriteFreedBuffers } from './debug-buffers.js';
import { messageBuffers } from './message-buffers.js';

/**
 * Property of streams of this library that pass written bytes on, by reference, to a `WriteScheduler`. Streams
 * without it might keep the bytes.
 */
export const PASSES_LOANS = Symbol('passes loans');

/** Small `Buffer`s of Node begin before this offset in the memory that they share. */
const OFFSET_OF_SMALL = 8 * 1024;

/** Loans by the `ArrayBuffer` of their buffer, which all views of a message share. */
const loans = new WeakMap<ArrayBufferLike, MessageLoan>();

/**
 * The loan of a pooled buffer to a message. The buffer returns to the pool when every byte of the message was
 * either copied or taken by a socket, which the layers below report, and nobody holds the loan.
 *
 * If a part of the message is dropped, for example with its stream, the loan never ends. The buffer then
 * belongs to the garbage collector, like any other.
 */
export class MessageLoan {
  readonly #buffer: Buffer;
  /** Bytes that are neither copied nor taken, and one for each holder. */
  #left: number;

  private constructor(buffer: Buffer, length: number) {
    this.#buffer = buffer;
    this.#left = length;
  }

  /** Begins the loan of `buffer`, of `messageBuffers`, to a message: its first `length` bytes. */
  static begin(buffer: Buffer, length: number): void {
    loans.set(buffer.buffer, new MessageLoan(buffer, length));
  }

  /** The loan that `bytes` belong to. */
  static of(bytes: Uint8Array): MessageLoan | undefined {
    return loans.get(bytes.buffer);
  }

  /** `count` bytes were copied or taken. To be called once for each byte. */
  taken(count: number): void {
    this.#left -= count;
    if (this.#left === 0) this.#end();
  }

  /** Keeps the buffer out of the pool until `release`. */
  hold(): void {
    this.#left += 1;
  }

  release(): void {
    this.taken(1);
  }

  /** Leaves the buffer to the garbage collector: its bytes are used in a way that is not reported. */
  forfeit(): void {
    loans.delete(this.#buffer.buffer);
    this.#left = Infinity;
  }

  #end(): void {
    loans.delete(this.#buffer.buffer);
    if (overwriteFreedBuffers) overwriteFreed(this.#buffer);
    messageBuffers.put(this.#buffer);
  }
}

/** Reports that `piece`, which may be a part of a lent message, was copied. */
export function reportCopied(piece: Uint8Array): void {
  // Cheaper than the search: the copied part of a lent message is nearly always its end.
  if (piece.byteOffset > OFFSET_OF_SMALL) MessageLoan.of(piece)?.taken(piece.length);
}
