import type { Hindrance, Line, Sink } from '../hindrance.js';
import { DueQueue } from './due-queue.js';

/** A long way: everything arrives later, in order. */
export class Latency implements Hindrance {
  /**
   * @param ms - milliseconds of this way alone: half of what it adds to the round trip.
   * @param jitterMs - what it may take longer, at random.
   */
  constructor(
    readonly ms: number,
    readonly jitterMs = 0,
  ) {}

  before(next: Sink, line: Line): Sink {
    const queue = new DueQueue(next, line);
    return (piece) =>
      queue.add(piece, performance.now() + this.ms + line.random.next() * this.jitterMs);
  }
}
