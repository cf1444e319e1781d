import type { Logger } from '@nestjs/common';

/** What a line is for loggers. */
export type LogLevel = 'log' | 'warn' | 'error';

/** What a line says: its text, or an error, and data for structured loggers. */
export type LogLine = [message: unknown, ...details: unknown[]];

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
    const now = performance.now();
    const lines = this.#linesOf(level, kind, now);
    if (now - lines.beganAt >= this.#periodMs) this.#renew(lines);
    if (lines.count < this.#maxLines) {
      lines.count += 1;
      this.#logger[level](...line());
      return;
    }
    lines.more += 1;
    const left = lines.beganAt + this.#periodMs - now;
    lines.timer ??= setTimeout(() => this.#renew(lines), left).unref();
  }

  /** Says now what was left out so far: for when nobody will be there later. */
  flush(): void {
    for (const lines of this.#kinds.values()) this.#renew(lines);
  }

  #linesOf(level: LogLevel, kind: string, beganAt: number): Lines {
    let lines = this.#kinds.get(kind);
    if (lines === undefined) {
      lines = { kind, level, count: 0, beganAt, more: 0, timer: undefined };
      this.#kinds.set(kind, lines);
    }
    return lines;
  }

  /** Ends a period, and begins the next one. */
  #renew(lines: Lines): void {
    const { kind, level, more, beganAt, timer } = lines;
    clearTimeout(timer);
    const now = performance.now();
    Object.assign(lines, { count: 0, beganAt: now, more: 0, timer: undefined });
    if (more === 0) return;
    const seconds = Math.ceil((now - beganAt) / 1000);
    this.#logger[level](`and ${more} more in the last ${seconds} s: ${kind}`, { kind, more });
  }
}
