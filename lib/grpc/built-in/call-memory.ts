import { Decompressor } from './decompressor.js';

/**
 * The memory account of one connection: what all its calls hold on this side, in bytes, against one
 * limit (`grpc-node.max_session_memory`).
 */
export class CallMemory {
  readonly #limit: number;
  #held = 0;
  #decompressor: Decompressor | undefined;

  /** @param limit - in bytes; Infinity for none. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that calls may still take. */
  get room(): number {
    return this.#limit - this.#held;
  }

  /** Whether `bytes` more leave half of the limit: they need not be exact. */
  isPlentyFor(bytes: number): boolean {
    return this.#held + bytes <= this.#limit / 2;
  }

  /** Decompresses the messages of the connection's calls. */
  get decompressor(): Decompressor {
    return (this.#decompressor ??= new Decompressor());
  }

  /** Takes `bytes` for a call; a negative number gives back. Returns false, and takes nothing, if there is no room. */
  hold(bytes: number): boolean {
    if (bytes > 0 && this.#held + bytes > this.#limit) return false;
    this.#held += bytes;
    return true;
  }

  /** Gives `bytes` back. */
  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** Account of calls that have no connection yet, and so receive nothing. */
export const NO_CONNECTION = new CallMemory(Infinity);
