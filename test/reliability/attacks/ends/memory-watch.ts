/** Milliseconds between two looks. */
const PERIOD_MS = 25;

/** The most of each that was seen, in bytes. */
export interface MemoryPeak {
  rss: number;
  /** On the heap of JavaScript, garbage that was not collected yet included. */
  heapUsed: number;
  /** Outside of the heap, for objects on it: buffers, above all. */
  external: number;
}

/** Looks again and again at how much memory this process has. */
export class MemoryWatch {
  #peak: MemoryPeak = { rss: 0, heapUsed: 0, external: 0 };
  #timer: NodeJS.Timeout | undefined;

  begin(): void {
    this.#peak = { rss: 0, heapUsed: 0, external: 0 };
    this.#look();
    this.#timer = setInterval(() => this.#look(), PERIOD_MS);
  }

  end(): MemoryPeak {
    clearInterval(this.#timer);
    this.#look();
    return this.#peak;
  }

  #look(): void {
    const { rss, heapUsed, external } = process.memoryUsage();
    this.#peak = {
      rss: Math.max(this.#peak.rss, rss),
      heapUsed: Math.max(this.#peak.heapUsed, heapUsed),
      external: Math.max(this.#peak.external, external),
    };
  }
}
