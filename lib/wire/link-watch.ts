/** State of a link as seen from one end. The first two members never decrease. */
export interface LinkState {
  /** Amount of input received so far, in any unit. */
  readonly received: number;
  /** Bytes that the network has taken. */
  readonly taken: number;
  /** Bytes written that the network has not yet taken. */
  readonly waiting: number;
  /** Identifies input that has begun and should be complete soon, such as a frame; 0 if there is none. */
  readonly unfinished?: number;
}

/** A byte stream that shares its link with others. */
export interface SharedLink {
  /** How often input has arrived for the other streams, which delays this one. */
  readonly receivedByOthers: number;
}

/**
 * Despite other progress, a link is dead after this many successive looks at which no waiting output was
 * taken, or the same input was unfinished.
 */
const MOST_LOOKS_STUCK = 15;

/**
 * Distinguishes a slow link from a dead one by looking at it from time to time.
 *
 * A link is alive if input has arrived since the last look, or if bytes were waiting at the last look and the
 * network has taken some since. If none were waiting, taken bytes prove nothing: they may only have entered a
 * buffer of the operating system. Such a buffer can hold megabytes, so a link with input but without output
 * is dead only after fifteen looks; likewise if the same input stays unfinished.
 */
export class LinkWatch {
  readonly #look: () => LinkState;
  #last: LinkState;
  #looksStuck = 0;
  #looksUnfinished = 0;

  /** Takes the first look. */
  constructor(look: () => LinkState) {
    this.#look = look;
    this.#last = look();
  }

  /** Looks again. Returns whether the link is dead. */
  isDead(): boolean {
    const last = this.#last;
    const now = this.#look();
    this.#last = now;
    const waited = last.waiting > 0;
    const hasTaken = now.taken > last.taken;
    const isUnfinished = Boolean(now.unfinished) && now.unfinished === last.unfinished;
    this.#looksStuck = waited && !hasTaken ? this.#looksStuck + 1 : 0;
    this.#looksUnfinished = isUnfinished ? this.#looksUnfinished + 1 : 0;
    const hasMoved = now.received > last.received || (waited && hasTaken);
    return !hasMoved || Math.max(this.#looksStuck, this.#looksUnfinished) >= MOST_LOOKS_STUCK;
  }
}
