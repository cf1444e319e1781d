import { LinkWatch, type LinkState } from '../wire/index.js';

/** Bytes that are not worth a timer: the next ones are. */
const FEW_BYTES = 4096;

/**
 * Finds out when a session can send nothing any more. One lazy timer instead of one per write: it looks
 * back, and stops once all is written.
 */
export class StallWatch {
  readonly #look: () => LinkState;
  readonly #timeoutMs: number;
  readonly #onStall: () => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param timeoutMs - milliseconds between two looks at the link; 0 for no look at all.
   * @param onStall - called when bytes wait and the link is dead.
   */
  constructor(look: () => LinkState, timeoutMs: number, onStall: () => void) {
    this.#look = look;
    this.#timeoutMs = timeoutMs;
    this.#onStall = onStall;
  }

  /** Something was written, of which `waiting` bytes wait for the network. */
  written(waiting: number): void {
    if (waiting < FEW_BYTES || this.#timer !== undefined || this.#timeoutMs === 0) return;
    const watch = new LinkWatch(this.#look);
    this.#timer = setTimeout(() => {
      if (this.#look().waiting === 0) this.#timer = undefined;
      else if (watch.isDead()) this.#onStall();
      else this.#timer?.refresh();
    }, this.#timeoutMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
