import { performance } from 'node:perf_hooks';

/** Frames, or parts of them, that are read between two looks at the clock. */
export const FRAMES_PER_LOOK = 32;
/** Milliseconds for which one connection may go on reading, before others have their turn. */
const MOST_MS = 5;

/** The time that a connection has for reading, within one turn of the event loop. */
export class ReadingTime {
  /** By `performance.now()`; 0 before the first look in a turn. */
  #until = 0;

  /** Whether the rest has to wait for the next turn. To be asked now and then: it looks at the clock. */
  isUp(): boolean {
    const now = performance.now();
    if (this.#until > 0) return now >= this.#until;
    this.#until = now + MOST_MS;
    setImmediate(this.#onNextTurn);
    return false;
  }

  readonly #onNextTurn = (): void => {
    this.#until = 0;
  };
}
