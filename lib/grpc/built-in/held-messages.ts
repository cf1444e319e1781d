/** Bytes of memory that are held for messages which were handed over, one number for each, in order. */
export class HeldMessages {
  #last = 0;
  /** Of those before the last one; none as long as each is forgotten before the next. */
  #earlier: number[] | undefined;

  /** Bytes that are held for the last one. */
  get last(): number {
    return this.#last;
  }

  add(size: number): void {
    if (this.#last > 0) (this.#earlier ??= []).push(this.#last);
    this.#last = size;
  }

  /** The last one turned out to take `size` bytes. */
  correctLast(size: number): void {
    this.#last = size;
  }

  /** Forgets all but the last `count`. Returns how many bytes that frees. */
  keepLast(count: number): number {
    let freed = 0;
    if (this.#earlier !== undefined) {
      while (this.#earlier.length > Math.max(0, count - 1)) freed += this.#earlier.shift()!;
    }
    return count > 0 ? freed : freed + this.#takeLast();
  }

  #takeLast(): number {
    const last = this.#last;
    this.#last = 0;
    return last;
  }
}
