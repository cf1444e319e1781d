/** What share of the budget growing windows leave for new streams. */
const RESERVE = 1 / 8;

/** What all streams of a session together may be promised, in bytes. */
export class WindowBudget {
  readonly #reserve: number;
  readonly #onRoom: () => void;
  #left: number;

  /** @param onRoom - told when something was given back. */
  constructor(bytes: number, onRoom: () => void) {
    this.#reserve = bytes * RESERVE;
    this.#onRoom = onRoom;
    this.#left = bytes;
  }

  /** Whether a new stream could have a window of `bytes`. */
  has(bytes: number): boolean {
    return this.#left >= bytes;
  }

  /** Takes the window of a new stream, which must be there. */
  take(bytes: number): void {
    this.#left -= bytes;
  }

  /** Takes up to `bytes` for a window to be larger, but leaves the reserve. Returns how many. */
  takeMore(bytes: number): number {
    const more = Math.min(bytes, Math.max(0, Math.floor(this.#left - this.#reserve)));
    this.#left -= more;
    return more;
  }

  giveBack(bytes: number): void {
    if (bytes === 0) return;
    this.#left += bytes;
    this.#onRoom();
  }
}
