import type { Hindrance, Line, Sink } from '../hindrance.js';

/**
 * Takes apart what was sent in one: pieces of a random length, one in each turn of the event loop, so
 * that a receiver in this process reads each one alone.
 */
export class Segments implements Hindrance {
  /** @param max - bytes of the longest piece; 1 has every byte arrive alone. */
  constructor(readonly max: number) {}

  before(next: Sink, line: Line): Sink {
    const waiting: (Buffer | null)[] = [];
    const step = (): void => {
      const first = waiting[0];
      if (first === undefined) return;
      const length = line.random.between(1, this.max);
      if (first === null || first.length <= length) waiting.shift();
      else waiting[0] = first.subarray(length);
      next(first && first.subarray(0, length));
      if (waiting.length > 0) line.nextTurn(step);
    };
    return (piece) => {
      waiting.push(piece);
      if (waiting.length === 1) line.nextTurn(step);
    };
  }
}
