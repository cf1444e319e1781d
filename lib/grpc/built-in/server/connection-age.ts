import type { ServerOptions } from '@grpc/grpc-js';
import type { Http2Connection } from '../../../http2/index.js';
import { LONGEST_DELAY_MS } from '../timeout.js';

/** Part of the age by which connections differ, so that they do not all reconnect at once. */
const JITTER = 0.1;

/**
 * Ends a connection that is too old, or had no calls for too long: `grpc.max_connection_age_ms`,
 * `grpc.max_connection_age_grace_ms`, `grpc.max_connection_idle_ms`. Calls under way may finish.
 */
export class ConnectionAge {
  readonly #connection: Http2Connection;
  readonly #graceMs: number;
  readonly #idleMs: number;
  readonly #timers: NodeJS.Timeout[] = [];
  #idleTimer: NodeJS.Timeout | undefined;
  #lastUse = Date.now();

  private constructor(connection: Http2Connection, options: ServerOptions) {
    this.#connection = connection;
    this.#graceMs = options['grpc.max_connection_age_grace_ms'] ?? Infinity;
    this.#idleMs = options['grpc.max_connection_idle_ms'] ?? Infinity;
    const ageMs = options['grpc.max_connection_age_ms'] ?? Infinity;
    this.#after(ageMs * (1 + JITTER * (2 * Math.random() - 1)), () => this.#retire());
    this.#watchIdle(this.#idleMs);
  }

  /** Nothing, unless the options set a limit. */
  static watch(connection: Http2Connection, options: ServerOptions): ConnectionAge | undefined {
    const hasLimit =
      options['grpc.max_connection_age_ms'] !== undefined ||
      options['grpc.max_connection_idle_ms'] !== undefined;
    return hasLimit ? new ConnectionAge(connection, options) : undefined;
  }

  /** It is used. */
  touch(): void {
    if (this.#idleTimer) this.#lastUse = Date.now();
  }

  stop(): void {
    clearTimeout(this.#idleTimer);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #retire(): void {
    this.#connection.goAway();
    this.#after(this.#graceMs, () => this.#connection.destroy());
  }

  #watchIdle(ms: number): void {
    if (ms >= LONGEST_DELAY_MS) return;
    this.#idleTimer = setTimeout(() => {
      const left = this.#lastUse + this.#idleMs - Date.now();
      if (this.#connection.streamCount > 0) this.#watchIdle(this.#idleMs);
      else if (left > 0) this.#watchIdle(left);
      else this.#connection.goAway();
    }, ms).unref();
  }

  #after(ms: number, action: () => void): void {
    if (ms < LONGEST_DELAY_MS) this.#timers.push(setTimeout(action, ms).unref());
  }
}
