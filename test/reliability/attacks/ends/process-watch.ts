import { MemoryWatch, type MemoryPeak } from './memory-watch.js';
import { heldCalls } from './services.js';

/** What happened while nobody looked. */
export interface Watched extends MemoryPeak {
  logLines: number;
  /** Handlers of `Hold` that ran at once, at most. */
  handlers: number;
  /** Microseconds of processor time. */
  cpu: number;
}

/** Watches what this process takes and does. */
export class ProcessWatch {
  readonly #memory = new MemoryWatch();
  readonly #logLines: () => number;
  #linesBefore = 0;
  #cpuBefore = process.cpuUsage();

  /** @param logLines - how many there have been so far. */
  constructor(logLines: () => number = () => 0) {
    this.#logLines = logLines;
  }

  /** Begins to watch, with the garbage collected. */
  begin(): void {
    globalThis.gc!();
    this.#linesBefore = this.#logLines();
    this.#cpuBefore = process.cpuUsage();
    heldCalls.watch();
    this.#memory.begin();
  }

  end(): Watched {
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    return {
      ...this.#memory.end(),
      logLines: this.#logLines() - this.#linesBefore,
      handlers: heldCalls.most,
      cpu: user + system,
    };
  }
}

/** Has the process die of any warning: "possible memory leak" is one of them. */
export function dieOfWarnings(): void {
  process.setSourceMapsEnabled(false);
  process.on('warning', ({ name, message }) => {
    if (name !== 'ExperimentalWarning') throw new Error(`warned: ${name}: ${message}`);
  });
}
