/** Counts calls that a handler keeps until their caller gives them up. */
export class HeldCalls {
  #now = 0;
  #most = 0;

  /** The most there were at once since `watch()`. */
  get most(): number {
    return this.#most;
  }

  /** Forgets the most. */
  watch(): void {
    this.#most = this.#now;
  }

  begin(): void {
    this.#now += 1;
    this.#most = Math.max(this.#most, this.#now);
  }

  end(): void {
    this.#now -= 1;
  }
}
