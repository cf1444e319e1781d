/** Memory of delivered messages: one size in bytes for each, in order. */
export class HeldMessages {
  #last = 0;
  /** Sizes of the messages before the last one; undefined if each is released before the next. */
  #earlier: number[] | undefined;

  /** Bytes held for the last message. */
  get last(): number {
    return this.#last;
  }

  add(size: number): void {
    if (this.#last > 0) (this.#earlier ??= []).push(this.#last);
    this.#last = size;
  }

  /** Corrects the size of the last message, in bytes. */
  correctLast(size: number): void {
    this.#last = size;
  }

  /** Forgets all but the last `count` messages. Returns the bytes that this frees. */
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
