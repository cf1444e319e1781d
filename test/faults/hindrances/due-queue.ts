import type { Line, Sink } from '../hindrance.js';

/** Hands pieces on in order, each when it is due. */
export class DueQueue {
  readonly #next: Sink;
  readonly #line: Line;
  readonly #queue: { piece: Buffer | null; due: number }[] = [];
  #isWaiting = false;
  #lastDue = 0;

  constructor(next: Sink, line: Line) {
    this.#next = next;
    this.#line = line;
  }

  /** @param due - on the clock of `performance.now()`; no sooner than the piece before. */
  add(piece: Buffer | null, due: number): void {
    this.#lastDue = Math.max(this.#lastDue, due);
    this.#queue.push({ piece, due: this.#lastDue });
    this.#wait();
  }

  #wait(): void {
    if (this.#isWaiting || this.#queue.length === 0) return;
    this.#isWaiting = true;
    const ms = Math.max(1, this.#queue[0]!.due - performance.now());
    this.#line.after(ms, () => this.#deliver());
  }

  #deliver(): void {
    this.#isWaiting = false;
    const now = performance.now();
    while (this.#queue.length > 0 && this.#queue[0]!.due <= now) {
      this.#next(this.#queue.shift()!.piece);
    }
    this.#wait();
  }
}
