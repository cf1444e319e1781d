import type { ServerOptions } from '@grpc/grpc-js';
import type { Http2Connection } from '../../../http2/index.js';
import { MAX_TIMEOUT_MS } from '../../../options/index.js';

/** Random variation of the age, plus or minus, as a fraction: prevents simultaneous reconnects. */
const JITTER = 0.1;

/**
 * Ends a connection that is too old, or was without calls for too long: `grpc.max_connection_age_ms`,
 * `grpc.max_connection_age_grace_ms`, `grpc.max_connection_idle_ms`. In-flight calls may finish.
 */
export class ConnectionAge {
  readonly #connection: Http2Connection;
  readonly #graceMs: number;
  readonly #idleMs: number;
  readonly #onAskForNewConnection: () => void;
  readonly #timers: NodeJS.Timeout[] = [];
  #idleTimer: NodeJS.Timeout | undefined;
  #lastUse = Date.now();

  private constructor(
    connection: Http2Connection,
    options: ServerOptions,
    onAskForNewConnection: () => void,
  ) {
    this.#connection = connection;
    this.#onAskForNewConnection = onAskForNewConnection;
    this.#graceMs = options['grpc.max_connection_age_grace_ms'] ?? Infinity;
    this.#idleMs = options['grpc.max_connection_idle_ms'] ?? Infinity;
    const ageMs = options['grpc.max_connection_age_ms'] ?? Infinity;
    this.#after(ageMs * (1 + JITTER * (2 * Math.random() - 1)), () => this.#endAge());
    this.#watchIdle(this.#idleMs);
  }

  /**
   * Watches a connection. Returns undefined if the options set no limit.
   *
   * @param onAskForNewConnection - called before the peer is asked to make a new connection.
   */
  static watch(
    connection: Http2Connection,
    options: ServerOptions,
    onAskForNewConnection: () => void,
  ): ConnectionAge | undefined {
    const hasLimit =
      options['grpc.max_connection_age_ms'] !== undefined ||
      options['grpc.max_connection_idle_ms'] !== undefined;
    return hasLimit ? new ConnectionAge(connection, options, onAskForNewConnection) : undefined;
  }

  /** Records a use of the connection. */
  touch(): void {
    if (this.#idleTimer) this.#lastUse = Date.now();
  }

  stop(): void {
    clearTimeout(this.#idleTimer);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #endAge(): void {
    this.#retire('max_age');
    this.#after(this.#graceMs, () => this.#connection.destroy());
  }

  /** @param why - debug data defined by gRPC, for a server that is not going away itself. */
  #retire(why: 'max_age' | 'max_idle'): void {
    this.#onAskForNewConnection();
    this.#connection.goAway(why);
  }

  #watchIdle(ms: number): void {
    if (ms >= MAX_TIMEOUT_MS) return;
    this.#idleTimer = setTimeout(() => {
      const left = this.#lastUse + this.#idleMs - Date.now();
      if (this.#connection.streamCount > 0) this.#watchIdle(this.#idleMs);
      else if (left > 0) this.#watchIdle(left);
      else this.#retire('max_idle');
    }, ms).unref();
  }

  #after(ms: number, action: () => void): void {
    if (ms < MAX_TIMEOUT_MS) this.#timers.push(setTimeout(action, ms).unref());
  }
}
