import { performance } from 'node:perf_hooks';

/** Frames, or parts of frames, that are read between two looks at the clock. */
export const FRAMES_PER_LOOK = 32;
/** Milliseconds that one connection may read before other connections have their turn. */
const MOST_MS = 5;

/** Limits the time that a connection reads within one turn of the event loop. */
export class ReadingTime {
  /** End of the time by `performance.now()`; 0 before the first look of a turn. */
  #until = 0;

  /** Whether the rest of the input has to wait for the next turn. Call it rarely: it reads the clock. */
  isUp(): boolean {
    const now = performance.now();
    if (this.#until > 0) return now >= this.#until;
    this.#until = now + MOST_MS;
    setImmediate(ReadingTime.#reset, this);
    return false;
  }

  static #reset(time: ReadingTime): void {
    time.#until = 0;
  }
}
