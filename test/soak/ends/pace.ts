import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/** Keeps the work of this process under a share of a core. */
export class Pace {
  readonly #share: number;
  readonly #startedAt = performance.now();
  readonly #cpuAtStart = process.cpuUsage();

  /** @param share - of one core; 1 and more is as fast as it goes. */
  constructor(share: number) {
    this.#share = share;
  }

  /** Milliseconds since the start. */
  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Resolves when the process has rested enough to go on, or has been at it for `limitMs`. */
  async rest(limitMs: number): Promise<void> {
    while (this.#share < 1 && this.#isAhead() && this.elapsedMs < limitMs) await sleep(POLL_MS);
  }

  #isAhead(): boolean {
    const { user, system } = process.cpuUsage(this.#cpuAtStart);
    return (user + system) / 1000 > this.#share * this.elapsedMs;
  }
}
