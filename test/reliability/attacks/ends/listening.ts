// The listening side under attack: an application as users write them.
import type { LoggerService } from '@nestjs/common';
import type { EngineName } from '../../../../lib/index.js';
import { serveEnd } from '../../remote.js';
import { startListening, type Listening } from './applications.js';
import { MemoryWatch, type MemoryPeak } from './memory-watch.js';

/** What is written to the log is counted, and goes nowhere. */
class CountingLogger implements LoggerService {
  lines = 0;
  log = this.#count.bind(this);
  error = this.#count.bind(this);
  warn = this.#count.bind(this);

  #count(): void {
    this.lines += 1;
  }
}

/** What happened while nobody looked. */
export interface Watched extends MemoryPeak {
  logLines: number;
  /** Microseconds of processor time. */
  cpu: number;
}

export class ListeningEnd {
  #listening: Listening | undefined;
  readonly #logger = new CountingLogger();
  readonly #memory = new MemoryWatch();
  #linesBefore = 0;
  #cpuBefore = process.cpuUsage();

  /** Opens a port of loopback, and tells which. */
  async listen(engine: EngineName): Promise<number> {
    this.#listening = await startListening(engine, this.#logger);
    return this.#listening.port;
  }

  peers(): number {
    return this.#listening!.registry.size;
  }

  /** Begins to watch, with the garbage collected. */
  watch(): void {
    globalThis.gc!();
    this.#linesBefore = this.#logger.lines;
    this.#cpuBefore = process.cpuUsage();
    this.#memory.begin();
  }

  watched(): Watched {
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    return {
      ...this.#memory.end(),
      logLines: this.#logger.lines - this.#linesBefore,
      cpu: user + system,
    };
  }
}

process.setSourceMapsEnabled(false);
// "Possible memory leak" is one of them.
process.on('warning', ({ name, message }) => {
  if (name !== 'ExperimentalWarning') throw new Error(`warned: ${name}: ${message}`);
});
serveEnd(new ListeningEnd());
