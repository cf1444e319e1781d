import type { Logger } from '@nestjs/common';

/** Method of the logger for a line. */
export type LogLevel = 'log' | 'warn' | 'error';

/** Arguments of the logger for a line: its text or an error, and data for structured loggers. */
export type LogLine = [message: unknown, ...details: unknown[]];

/** Rate limit of a `RateLimitedLog`. */
export interface LogRate {
  /** Maximum number of lines of one kind in a period. Default 10. */
  maxLines?: number;
  /** Length of a period in milliseconds. Default 10000. */
  periodMs?: number;
}

/** Lines of one kind in the current period. */
interface Lines {
  readonly kind: string;
  readonly level: LogLevel;
  count: number;
  beganAt: number;
  /** Number of suppressed lines. */
  more: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * A log for lines that remote ends can cause. After `maxLines` of one kind in a period, further lines are
 * only counted, and one line at the end of the period gives their number. A period begins with a line, or
 * at the end of a period that had suppressed lines.
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
   * Writes the result of `line`, or counts it as suppressed.
   *
   * @param kind - lines of one kind are counted together. Kinds stay in memory: never use remote input.
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

  /** Writes the number of suppressed lines now. For shutdown, when the timer would not run any more. */
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
