/** What can be seen of a link from one of its ends. The first two only ever grow. */
export interface LinkState {
  /** What has come from the other end. */
  readonly received: number;
  /** Bytes that the network has taken. */
  readonly taken: number;
  /** Bytes that the network was given and has not taken. */
  readonly waiting: number;
  /** A number of what has begun to come and should be complete soon; 0 if there is no such thing. */
  readonly unfinished?: number;
}

/** A byte stream that shares its link with others. */
export interface SharedLink {
  /** How often anything has come for the others: what comes for them keeps this one waiting. */
  readonly receivedByOthers: number;
}

/** Looks at which nothing was taken, or the same was unfinished, until a link is dead in any case. */
const MOST_LOOKS_STUCK = 15;

/**
 * Tells a link that is only slow from one that is dead, by looking at it from time to time.
 *
 * A link lives if something has come since the last look, or if bytes that waited for it were taken.
 * Bytes that nothing waited for prove nothing: a buffer of the operating system has taken them. Where
 * something comes but nothing is taken, such a buffer may hold megabytes on their way, so the link gets
 * fifteen looks.
 */
export class LinkWatch {
  readonly #look: () => LinkState;
  #last: LinkState;
  #looksStuck = 0;
  #looksUnfinished = 0;

  /** Looks for the first time. */
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
