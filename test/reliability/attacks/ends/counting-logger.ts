import type { LoggerService } from '@nestjs/common';

/** What is written to the log is counted, and goes nowhere. */
export class CountingLogger implements LoggerService {
  lines = 0;
  log = this.#count.bind(this);
  error = this.#count.bind(this);
  warn = this.#count.bind(this);

  #count(): void {
    this.lines += 1;
  }
}
