/** A window that takes from an `UnreadBudget`. */
export interface UnreadBudgetUser {
  /** There may be room that it found missing. */
  retry(): void;
}

/**
 * What the connections of one peer may have unread together, in bytes. A byte counts from the time that
 * the peer is credited with it until it was read.
 */
export class UnreadBudget {
  readonly #users = new Set<UnreadBudgetUser>();
  /** Users that found less room than they wanted. */
  readonly #waiting = new Set<UnreadBudgetUser>();
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Bytes that are left; below 0 if connections began with more than there was. */
  get left(): number {
    return this.#left;
  }

  /** Connections that share the budget. */
  get users(): number {
    return this.#users.size;
  }

  /** Another connection begins, with a window of `bytes`. */
  join(user: UnreadBudgetUser, bytes: number): void {
    this.#users.add(user);
    this.#left -= bytes;
  }

  /** `user` is gone, and what it had taken with it. */
  leave(user: UnreadBudgetUser, bytes: number): void {
    this.#users.delete(user);
    this.#waiting.delete(user);
    this.giveBack(user, bytes);
  }

  take(bytes: number): void {
    this.#left -= bytes;
  }

  /** `user` wanted more than is left; it is told by `retry` when another one gives something back. */
  wait(user: UnreadBudgetUser): void {
    this.#waiting.add(user);
  }

  /** `user` has no need to be told. */
  forgo(user: UnreadBudgetUser): void {
    this.#waiting.delete(user);
  }

  giveBack(user: UnreadBudgetUser, bytes: number): void {
    this.#left += bytes;
    if (this.#waiting.size === 0) return;
    for (const waiting of this.#waiting) {
      if (waiting !== user) waiting.retry();
    }
  }
}
