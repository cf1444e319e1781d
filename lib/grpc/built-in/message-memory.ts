import type { ReadAhead } from '../measured-calls.js';
import type { ConnectionMemory } from './connection-memory.js';
import { boundOfDecodedSize, estimateDecodedSize, measureDecodedSize } from './decoded-size.js';

/**
 * Memory of the received messages of one call, which counts towards the account of its connection: of the
 * current message, from its first bytes on, and of delivered messages until they are released.
 */
export class MessageMemory {
  /** Account of the connection. Must not change after the first bytes. */
  account: ConnectionMemory;
  /** Stub in which delivered messages wait for the user. They count until the user takes them. */
  readAhead: ReadAhead | undefined;
  /** Bytes held for the current message. */
  #current = 0;
  /** Estimated decoded size of the current message in bytes; 0 before the estimate. */
  #estimated = 0;
  /** Bytes held for the last delivered message. */
  #last = 0;
  /** Whether the size of the last delivered message is an upper bound. */
  #isBound = false;
  /** Bytes held for each delivered message before the last one; undefined if there was none. */
  #earlier: number[] | undefined;

  constructor(account: ConnectionMemory) {
    this.account = account;
  }

  /** Bytes held for the last delivered message. */
  get last(): number {
    return this.#last;
  }

  /** Whether the last delivered message counts with an upper bound, so that its size need not be measured. */
  get isCountedByBound(): boolean {
    return this.#isBound;
  }

  /** Holds `bytes` more for the current message. Returns false, and holds nothing, at the limit. */
  take(bytes: number): boolean {
    if (!this.account.hold(bytes)) return false;
    this.#current += bytes;
    return true;
  }

  /** Returns the size, in bytes, with which the current message counts until it is decoded. */
  estimate(message: Buffer, wasCompressed: boolean): number {
    if (this.#estimated === 0) this.#estimated = this.#estimateNow(message, wasCompressed);
    return this.#estimated;
  }

  /** Whether the current message may grow to `size` bytes. */
  hasRoomFor(size: number): boolean {
    return size - this.#current <= this.account.room;
  }

  /** Marks the current message as delivered. It counts with `size` bytes, for which there must be room. */
  deliver(size: number): void {
    this.account.hold(size - this.#current);
    if (this.#last > 0) (this.#earlier ??= []).push(this.#last);
    this.#last = size;
    this.#estimated = 0;
    this.#current = 0;
  }

  /**
   * Returns the decoded size of the last delivered message, in bytes. The measurement stops when it exceeds
   * the memory that there is.
   *
   * @param length - encoded size of the message in bytes.
   */
  measureLast(decoded: unknown, length: number): number {
    return measureDecodedSize(decoded, length, this.#last + this.account.room);
  }

  /**
   * Corrects the size of the last delivered message, in bytes. Returns false, and corrects nothing, at the
   * limit.
   */
  correctLast(size: number): boolean {
    if (!this.account.hold(size - this.#last)) return false;
    this.#last = size;
    return true;
  }

  /**
   * Whether a message of `length` bytes must wait until the reader has taken all earlier ones, because
   * memory is scarce.
   */
  isReaderBehind(length: number): boolean {
    if (this.readAhead === undefined || this.account.isPlentyFor(length)) return false;
    this.releasePassed();
    return this.readAhead.readableLength > 0 && !this.account.isPlentyFor(length);
  }

  /** Releases delivered messages, except those that still wait in the reader. */
  releasePassed(): void {
    const waiting = this.readAhead === undefined ? 0 : this.readAhead.readableLength;
    if (this.#earlier !== undefined) {
      while (this.#earlier.length > Math.max(0, waiting - 1)) {
        this.account.release(this.#earlier.shift()!);
      }
    }
    if (waiting === 0) this.#releaseLast();
  }

  /** Releases all messages. */
  releaseAll(): void {
    for (const size of this.#earlier ?? []) this.account.release(size);
    this.#earlier = undefined;
    this.#releaseLast();
    this.account.release(this.#current);
    this.#current = 0;
  }

  #releaseLast(): void {
    this.account.release(this.#last);
    this.#last = 0;
  }

  #estimateNow(message: Buffer, wasCompressed: boolean): number {
    const bound = boundOfDecodedSize(message.length);
    this.#isBound = !wasCompressed && this.account.isPlentyFor(bound);
    if (this.#isBound) return bound;
    // The bytes held during reception are part of the size.
    return estimateDecodedSize(message, this.#current + this.account.room);
  }
}
