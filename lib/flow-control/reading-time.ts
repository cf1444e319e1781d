import { performance } from 'node:perf_hooks';

/** Milliseconds for which one connection may go on reading, before others have their turn. */
const MOST_MS = 5;
/** Frames between two looks at the clock. */
const FRAMES_PER_LOOK = 8;

/** The time that a connection has for reading, within one turn of the event loop. */
export class ReadingTime {
  #frames = 0;
  /** By `performance.now()`; 0 while this turn has read only a few frames. */
  #until = 0;

  /** Whether the rest has to wait for the next turn. To be asked behind each frame. */
  isUp(): boolean {
    this.#frames += 1;
    if (this.#frames < FRAMES_PER_LOOK) return false;
    this.#frames = 0;
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
