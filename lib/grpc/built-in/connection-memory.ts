import { Decompressor } from './decompressor.js';

/**
 * Memory account of a connection, or of all streams of a multiplexed connection (`PeerShare`): the bytes
 * that calls hold on this side, against one limit (`grpc-node.max_session_memory`).
 */
export class ConnectionMemory {
  readonly #limit: number;
  #held = 0;
  #decompressor: Decompressor | undefined;

  /** @param limit - in bytes; Infinity for no limit. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that calls may still hold. */
  get room(): number {
    return this.#limit - this.#held;
  }

  /** Whether half of the limit stays free if `bytes` are added. If so, a rough estimate is good enough. */
  isPlentyFor(bytes: number): boolean {
    return this.#held + bytes <= this.#limit / 2;
  }

  /** Decompresses the messages of all calls of the account. */
  get decompressor(): Decompressor {
    return (this.#decompressor ??= new Decompressor());
  }

  /**
   * Takes `bytes` for a call; a negative number releases them. Returns false, and takes nothing, at the
   * limit.
   */
  hold(bytes: number): boolean {
    if (bytes > 0 && this.#held + bytes > this.#limit) return false;
    this.#held += bytes;
    return true;
  }

  /** Releases `bytes`. */
  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** Account of calls without a connection, which receive nothing. */
export const NO_CONNECTION = new ConnectionMemory(Infinity);
