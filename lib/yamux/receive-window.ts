import { INITIAL_WINDOW } from './frame.js';

/** What one stream's peer may send, and what it is to be credited with. */
export class ReceiveWindow {
  /** The whole window: what may be on its way and unread together. */
  readonly #size: number;
  #open: number;
  #received = 0;
  #credited = 0;

  /** @param known - how much of the window the peer knows of already. */
  constructor(size: number, known: number) {
    this.#size = size;
    this.#open = known;
  }

  /** Bytes that the peer may still send. */
  get open(): number {
    return this.#open;
  }

  /** The peer is told of the whole window, of which it knew `INITIAL_WINDOW`. Returns the rest. */
  announce(): number {
    const delta = this.#size - INITIAL_WINDOW;
    this.#open += delta;
    return delta;
  }

  /** The peer has begun a frame of `bytes`. */
  spend(bytes: number): void {
    this.#open -= bytes;
  }

  /** `bytes` of such frames have arrived. */
  receive(bytes: number): void {
    this.#received += bytes;
  }

  /**
   * What to credit the peer with, `unread` bytes being left: all that was read since the last time,
   * but 0 until that is half the window (Go: `sendWindowUpdate`).
   */
  credit(unread: number): number {
    const delta = this.#received - unread - this.#credited;
    if (delta < this.#size / 2) return 0;
    this.#credited += delta;
    this.#open += delta;
    return delta;
  }
}
