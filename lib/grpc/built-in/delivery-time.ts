import { performance } from 'node:perf_hooks';

/** Messages of one call that are delivered between two looks at the clock. */
export const MESSAGES_PER_LOOK = 8;

/** Limits the time in which received events are delivered to user code within one turn of the event loop. */
class DeliveryTime {
  readonly #mostMs: number;
  /** `over`: the time of this turn is used up. */
  #state: 'unused' | 'running' | 'over' = 'unused';
  /** End of the time by `performance.now()`. */
  #until = 0;

  /** @param mostMs - milliseconds in one turn. */
  constructor(mostMs: number) {
    this.#mostMs = mostMs;
  }

  /** Whether further deliveries have to wait for the next turn. Call it rarely: it reads the clock. */
  isUp(): boolean {
    if (this.#state === 'over') return true;
    const now = performance.now();
    if (this.#state === 'running') {
      if (now < this.#until) return false;
      this.#state = 'over';
      return true;
    }
    this.#state = 'running';
    this.#until = now + this.#mostMs;
    setImmediate(this.#onTurnEnd);
    return false;
  }

  /**
   * Immediates run at the end of the turn that has set them. A time that is used up is not renewed there, but
   * a turn later: otherwise timers and other connections would wait for two times in a row.
   */
  readonly #onTurnEnd = (): void => {
    if (this.#state === 'over') setImmediate(this.#renew);
    else this.#renew();
  };

  readonly #renew = (): void => {
    this.#state = 'unused';
  };
}

/**
 * Time for messages, of all calls together: 64 KiB hold 13,000 empty messages. 20 ms suffice for everything
 * that a connection reads in a turn, so a fast stream is not held up.
 */
export const messageTime = new DeliveryTime(20);

/**
 * Time for calls that have events. Shorter, because handlers go on in the same turn, in ticks and microtasks of
 * their own: 64 KiB hold the requests of 1,000 calls.
 */
export const callTime = new DeliveryTime(6);
