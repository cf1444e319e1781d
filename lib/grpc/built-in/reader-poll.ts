/** First and longest pause between two checks, in milliseconds. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 1000;

/**
 * Timer for a reader that is behind. A reader emits no event when it takes a message, so it is checked after
 * a pause. The pause doubles with each check.
 */
export class ReaderPoll {
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;

  /** Calls `onCheck` after the next pause. */
  wait(onCheck: () => void): void {
    this.#timer = setTimeout(onCheck, this.#pauseMs).unref();
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * this.#pauseMs);
  }

  /** Cancels the check. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
