import type { Logger } from '@nestjs/common';

/** What a line is for loggers. */
export type LogLevel = 'log' | 'warn' | 'error';

/** What a line says: its text, and data for structured loggers. */
export type LogLine = [message: string, ...details: unknown[]];

/** How many lines there may be. */
export interface LogRate {
  /** Lines of a kind in one period. Default 10. */
  maxLines?: number;
  /** Milliseconds of a period, which begins with a line. Default 10000. */
  periodMs?: number;
}

/** Lines of one kind, of this period. */
interface Lines {
  readonly kind: string;
  readonly level: LogLevel;
  count: number;
  beganAt: number;
  /** How many were left out. */
  more: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * A log for lines that others can cause: after some of a kind the rest of a period is only counted, and
 * one line at its end says how many there were. What a million attempts cost is a few lines.
 */
export class RateLimitedLog {
  readonly #logger: Logger;
  readonly #maxLines: number;
  readonly #periodMs: number;
  readonly #kinds = new Map<string, Lines>();

  constructor(logger: Logger, { maxLines = 10, periodMs = 10_000 }: LogRate = {}) {
    this.#logger = logger;
    this.#maxLines = maxLines;
    this.#periodMs = periodMs;
  }

  /**
   * Writes what `line` gives, or counts it.
   *
   * @param kind - what is counted together. It stays in memory: never anything that others choose.
   */
  write(level: LogLevel, kind: string, line: () => LogLine): void {
    const lines = this.#linesOf(level, kind);
    if (lines.count < this.#maxLines) {
      lines.count += 1;
      this.#logger[level](...line());
      return;
    }
    lines.more += 1;
    const left = lines.beganAt + this.#periodMs - performance.now();
    lines.timer ??= setTimeout(() => this.#sum(lines), left).unref();
  }

  /** Says now what was left out so far: for when nobody will be there later. */
  flush(): void {
    for (const lines of this.#kinds.values()) if (lines.more > 0) this.#sum(lines);
  }

  #linesOf(level: LogLevel, kind: string): Lines {
    const beganAt = performance.now();
    let lines = this.#kinds.get(kind);
    if (lines === undefined) {
      lines = { kind, level, count: 0, beganAt, more: 0, timer: undefined };
      this.#kinds.set(kind, lines);
    }
    // One that left something out ends when it has said so.
    if (lines.more === 0 && beganAt - lines.beganAt >= this.#periodMs) {
      lines.count = 0;
      lines.beganAt = beganAt;
    }
    return lines;
  }

  #sum(lines: Lines): void {
    const { kind, level, more, beganAt } = lines;
    clearTimeout(lines.timer);
    const now = performance.now();
    const seconds = Math.ceil((now - beganAt) / 1000);
    Object.assign(lines, { count: 0, beganAt: now, more: 0, timer: undefined });
    this.#logger[level](`and ${more} more in the last ${seconds} s: ${kind}`, { kind, more });
  }
}
