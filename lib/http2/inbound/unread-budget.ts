/** A connection window that uses an `UnreadBudget`. */
export interface UnreadBudgetUser {
  /** Called after `wait`, when another user has returned bytes. */
  creditAgain(): void;
}

/**
 * Budget of unread bytes, shared by the connections of one peer. A byte counts from the moment at which the
 * peer gets credit for it until it is read or dropped.
 */
export class UnreadBudget {
  #users = 0;
  /** Users that wait for bytes. Created with the first one. */
  #waiting: Set<UnreadBudgetUser> | undefined;
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Bytes left; negative if initial windows exceed the budget. */
  get left(): number {
    return this.#left;
  }

  /** Number of connections that share the budget. */
  get users(): number {
    return this.#users;
  }

  /** Adds a connection with an initial window of `bytes`, even if fewer are left. */
  join(bytes: number): void {
    this.#users += 1;
    this.#left -= bytes;
  }

  /** Removes a connection, once, and returns its `bytes`. */
  leave(user: UnreadBudgetUser, bytes: number): void {
    this.#users -= 1;
    this.#waiting?.delete(user);
    this.giveBack(user, bytes);
  }

  take(bytes: number): void {
    this.#left -= bytes;
  }

  /** Registers `user` for `creditAgain`, which is called when another user returns bytes. */
  wait(user: UnreadBudgetUser): void {
    this.#waiting ??= new Set();
    this.#waiting.add(user);
  }

  /** Cancels `wait`. */
  forgo(user: UnreadBudgetUser): void {
    this.#waiting?.delete(user);
  }

  /** Returns `bytes`; other waiting users retry. */
  giveBack(user: UnreadBudgetUser, bytes: number): void {
    this.#left += bytes;
    if (this.#waiting === undefined || this.#waiting.size === 0) return;
    for (const waiting of this.#waiting) {
      if (waiting !== user) waiting.creditAgain();
    }
  }
}
