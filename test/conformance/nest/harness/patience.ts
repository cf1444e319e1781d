import { setTimeout as sleep } from 'node:timers/promises';

/** How long to wait at least for what is known not to happen. */
const MUST_NOT_MS = 300;

/** How often something else must have happened meanwhile: a busy machine is slow with everything. */
const MUST_NOT_TURNS = 10;

/**
 * How long a scenario waits for each thing: for what must happen until it does, or until the time limit of
 * the test.
 */
export class Patience {
  readonly #turn: (() => Promise<unknown>) | undefined;

  /** @param turn - for what is known not to happen: something that takes as long as it would take. */
  constructor(turn?: () => Promise<unknown>) {
    this.#turn = turn;
  }

  /** Whether `event` happens before it is over. */
  async happens(event: Promise<unknown>): Promise<boolean> {
    const turn = this.#turn;
    if (turn === undefined) {
      await event;
      return true;
    }
    const stopped = new AbortController();
    try {
      return await Promise.race([event.then(() => true), isOver(turn, stopped.signal)]);
    } finally {
      stopped.abort();
    }
  }
}

async function isOver(turn: () => Promise<unknown>, signal: AbortSignal): Promise<false> {
  try {
    await sleep(MUST_NOT_MS, undefined, { signal });
  } catch {
    return false; // Nobody waits any more.
  }
  for (let i = 0; i < MUST_NOT_TURNS; i += 1) await turn();
  return false;
}
