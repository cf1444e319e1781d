import type { Hindrance, Line, Sink } from '../hindrance.js';

/**
 * Does something to the connection when exactly so many bytes have passed on this way, and before the
 * next one does: `new AtOffset(11, (connection) => connection.cut('reset'))`. To be the last of its way,
 * as nothing may be kept behind it. At offset 0 it happens as soon as there is a connection.
 */
export class AtOffset implements Hindrance {
  constructor(
    readonly offset: number,
    readonly action: (connection: Line['connection']) => void,
  ) {}

  before(next: Sink, line: Line): Sink {
    let left = this.offset;
    if (left === 0) line.nextTurn(() => this.action(line.connection));
    return (piece) => {
      if (piece === null || piece.length < left || left === 0) {
        left -= Math.min(left, piece?.length ?? 0);
        return next(piece);
      }
      const rest = piece.subarray(left);
      next(piece.subarray(0, left));
      left = 0;
      this.action(line.connection);
      if (rest.length > 0) next(rest);
    };
  }
}
