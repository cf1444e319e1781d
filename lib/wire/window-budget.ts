/** Options of a `WindowBudget`. */
export interface WindowBudgetOptions {
  /** Share of all bytes that growing windows leave to new streams. Default 0. */
  reserve?: number;
  /** Largest share of the remaining bytes that a window may take at a time. Default 1. */
  maxShare?: number;
  /** Notified when bytes are returned to the budget. */
  host?: WindowBudgetHost;
}

/** Uses the bytes of a budget. */
export interface WindowBudgetHost {
  /** Bytes were given back. */
  onRoom(): void;
}

/** Bytes that several receive windows may have together. */
export class WindowBudget {
  readonly #reserve: number;
  readonly #maxShare: number;
  readonly #host: WindowBudgetHost | undefined;
  #left: number;

  constructor(bytes: number, { reserve = 0, maxShare = 1, host }: WindowBudgetOptions = {}) {
    this.#reserve = bytes * reserve;
    this.#maxShare = maxShare;
    this.#host = host;
    this.#left = bytes;
  }

  /** Whether the budget has `bytes` for the window of a new stream. */
  has(bytes: number): boolean {
    return this.#left >= bytes;
  }

  /** Takes `bytes` for the window of a new stream. The budget must have them. */
  take(bytes: number): void {
    this.#left -= bytes;
  }

  /** Takes up to `bytes` for a window to grow, but leaves the reserve. Returns how many it took. */
  takeMore(bytes: number): number {
    const available = Math.floor((this.#left - this.#reserve) * this.#maxShare);
    const more = Math.min(bytes, Math.max(0, available));
    this.#left -= more;
    return more;
  }

  giveBack(bytes: number): void {
    if (bytes === 0) return;
    this.#left += bytes;
    this.#host?.onRoom();
  }
}
