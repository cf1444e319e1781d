import type { Random } from '../soak/random.js';
import type { FaultyConnection } from './faulty-connection.js';

/** `up`: from the dialing side to the listening side. `down`: the way back. */
export type Way = 'up' | 'down';

export const ways: readonly Way[] = ['up', 'down'];

/** Takes what comes along one way, in order; null is its end. */
export type Sink = (piece: Buffer | null) => void;

/** What a hindrance has to work with: one way of one connection. */
export interface Line {
  /** The same numbers for the same seed, connection and way. */
  readonly random: Random;
  readonly connection: FaultyConnection;
  /** Runs `action` after so many milliseconds, unless the connection is over by then. */
  after(ms: number, action: () => void): void;
  /** Runs `action` in the next turn of the event loop, unless the connection is over by then. */
  nextTurn(action: () => void): void;
}

/** Something that happens to the bytes of one way; a recipe, for any number of connections. */
export interface Hindrance {
  /** @returns what stands in front of `next` on `line`. */
  before(next: Sink, line: Line): Sink;
}
