import type { YamuxFrameOutput } from './frame-output.js';

type WriteCallback = (error?: Error | null) => void;

/** The unsent bytes and the callback of the pending write of a stream. */
export class YamuxSendQueue {
  #chunks: readonly Buffer[] = [];
  #index = 0;
  #offset = 0;
  #bytes = 0;
  #callback: WriteCallback | undefined;

  /** Bytes still to be sent. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a write. Only valid while no write is pending, which Node's `Writable` guarantees. */
  put(chunks: readonly Buffer[], bytes: number, callback: WriteCallback): void {
    this.#chunks = chunks;
    this.#index = 0;
    this.#offset = 0;
    this.#bytes = bytes;
    this.#callback = callback;
  }

  /** Moves the next `count` bytes to `output`; `count` is at most `bytes`. */
  moveTo(output: YamuxFrameOutput, count: number): void {
    this.#bytes -= count;
    while (count > 0) {
      const chunk = this.#chunks[this.#index]!;
      const end = Math.min(chunk.length, this.#offset + count);
      count -= end - this.#offset;
      output.payload(
        this.#offset === 0 && end === chunk.length ? chunk : chunk.subarray(this.#offset, end),
      );
      this.#offset = end;
      if (end === chunk.length) {
        this.#index += 1;
        this.#offset = 0;
      }
    }
  }

  /** Completes the pending write, if any, and drops its unsent bytes. With `error`, the write fails. */
  finish(error?: Error): void {
    const callback = this.#callback;
    this.#chunks = [];
    this.#bytes = 0;
    this.#callback = undefined;
    callback?.(error);
  }
}
