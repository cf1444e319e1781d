/** How a budget lends. */
export interface WindowBudgetOptions {
  /** Share of all bytes that growing windows leave for new streams. Default 0. */
  reserve?: number;
  /** Share of what is left that a window may take at a time. Default 1. */
  maxShare?: number;
  /** Called when something was given back. */
  onRoom?: () => void;
}

/** What all streams of a session together may be promised, in bytes. */
export class WindowBudget {
  readonly #reserve: number;
  readonly #maxShare: number;
  readonly #onRoom: (() => void) | undefined;
  #left: number;

  constructor(bytes: number, { reserve = 0, maxShare = 1, onRoom }: WindowBudgetOptions = {}) {
    this.#reserve = bytes * reserve;
    this.#maxShare = maxShare;
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
    const available = Math.floor((this.#left - this.#reserve) * this.#maxShare);
    const more = Math.min(bytes, Math.max(0, available));
    this.#left -= more;
    return more;
  }

  giveBack(bytes: number): void {
    if (bytes === 0) return;
    this.#left += bytes;
    this.#onRoom?.();
  }
}
