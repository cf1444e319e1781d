import type { Hindrance, Line, Sink } from '../hindrance.js';
import { DueQueue } from './due-queue.js';

/** A narrow way: no more than so many bytes pass in a time. */
export class Bandwidth implements Hindrance {
  /** @param bytesPerMs - that is, kB/s. */
  constructor(readonly bytesPerMs: number) {}

  before(next: Sink, line: Line): Sink {
    const queue = new DueQueue(next, line);
    let isFreeAt = 0;
    return (piece) => {
      isFreeAt = Math.max(isFreeAt, performance.now()) + (piece?.length ?? 0) / this.bytesPerMs;
      queue.add(piece, isFreeAt);
    };
  }
}
