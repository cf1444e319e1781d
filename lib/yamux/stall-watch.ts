import { LinkWatch, type LinkState } from '../wire/index.js';
import { YamuxError } from './errors.js';

/** The timer starts after a write that leaves at least this many bytes unsent. */
const FEW_BYTES = 4096;

/**
 * Detects a session that can send no more. One lazy timer replaces a timer for each write: it compares
 * the link with its previous state, and stops once everything is sent.
 */
export class StallWatch {
  readonly #look: () => LinkState;
  readonly #timeoutMs: number;
  readonly #onStall: (error: YamuxError) => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param timeoutMs - milliseconds between two looks at the link; 0 disables the watch.
   * @param onStall - called when bytes are unsent and the link is dead.
   */
  constructor(look: () => LinkState, timeoutMs: number, onStall: (error: YamuxError) => void) {
    this.#look = look;
    this.#timeoutMs = timeoutMs;
    this.#onStall = onStall;
  }

  /** Data was written; `waiting` bytes are unsent. */
  written(waiting: number): void {
    if (waiting < FEW_BYTES || this.#timer !== undefined || this.#timeoutMs === 0) return;
    const watch = new LinkWatch(this.#look);
    this.#timer = setTimeout(() => {
      if (this.#look().waiting === 0) this.#timer = undefined;
      else if (watch.isDead()) this.#onStall(this.#error());
      else this.#timer?.refresh();
    }, this.#timeoutMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #error(): YamuxError {
    return new YamuxError(
      'ERR_YAMUX_WRITE_TIMEOUT',
      `nothing could be sent for ${this.#timeoutMs} ms`,
    );
  }
}
