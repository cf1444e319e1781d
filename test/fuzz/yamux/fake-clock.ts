import { performance } from 'node:perf_hooks';

interface Timer {
  at: number;
  readonly ms: number;
  readonly repeats: boolean;
  readonly run: () => void;
}

/** Timers that run when a test says so, and can be counted: in place of the real ones while installed. */
export class FakeClock {
  readonly #timers = new Set<Timer>();
  readonly #real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
  };
  readonly #now = performance.now.bind(performance);
  #ms = 1000;

  install(): void {
    const start = (repeats: boolean) => (run: () => void, ms: number) =>
      this.#start({ at: this.#ms + ms, ms, repeats, run });
    const clear = (timer?: Timer) => void this.#timers.delete(timer!);
    Object.assign(globalThis, {
      setTimeout: start(false),
      setInterval: start(true),
      clearTimeout: clear,
      clearInterval: clear,
    });
    performance.now = () => this.#ms;
  }

  uninstall(): void {
    Object.assign(globalThis, this.#real);
    performance.now = this.#now;
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Lets `ms` pass, and runs in their order what is due. */
  advance(ms: number): void {
    const until = this.#ms + ms;
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#ms = Math.max(this.#ms, next.at);
      if (next.repeats) next.at += next.ms;
      else this.#timers.delete(next);
      next.run();
    }
    this.#ms = until;
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }

  #start(timer: Timer): object {
    this.#timers.add(timer);
    const handle = Object.assign(timer, {
      unref: () => handle,
      ref: () => handle,
      refresh: () => {
        timer.at = this.#ms + timer.ms;
        this.#timers.add(timer);
        return handle;
      },
    });
    return handle;
  }
}
