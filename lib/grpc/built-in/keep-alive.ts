import { LinkWatch } from '../../wire/index.js';
import { ErrorCode, type Http2Connection } from '../../http2/index.js';
import { MAX_TIMEOUT_MS } from '../../options/index.js';
import type { GoAway } from '../grpc-engine.js';

/** Same as in grpc-js. */
const DEFAULT_TIMEOUT_MS = 20_000;

/** Settings of keepalive pings. */
export interface KeepAliveOptions {
  /** Milliseconds between two pings. Off if 0, negative, or at least 2^31 - 1. */
  timeMs: number;
  /**
   * Milliseconds without an answer, and without any progress in either direction, until the connection is
   * closed. Default 20000.
   */
  timeoutMs: number | undefined;
  /** Whether to ping now. */
  isDue(): boolean;
}

/**
 * Sends pings to the peer, and closes the connection if it is dead. Received data shows that the peer is
 * alive, and so does progress of data that waited to be sent (gRFC A8). Does not keep the process alive.
 */
export class KeepAlive {
  readonly #connection: Http2Connection;
  readonly #options: KeepAliveOptions;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  private constructor(connection: Http2Connection, options: KeepAliveOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#wait();
  }

  /** Returns undefined if `timeMs` turns pings off. */
  static start(connection: Http2Connection, options: KeepAliveOptions): KeepAlive | undefined {
    const isOn = options.timeMs > 0 && options.timeMs < MAX_TIMEOUT_MS;
    return isOn ? new KeepAlive(connection, options) : undefined;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      if (this.#options.isDue()) this.#ask();
      else this.#wait();
    }, this.#options.timeMs).unref();
  }

  #ask(): void {
    this.#awaitAnswer(new LinkWatch(() => this.#connection.link));
    this.#connection.ping().then(
      () => {
        clearTimeout(this.#timer);
        this.#wait();
      },
      () => {}, // The connection is closed.
    );
  }

  /**
   * Waits for the answer as long as data moves in either direction: the ping or its answer may be queued
   * behind that data.
   */
  #awaitAnswer(watch: LinkWatch): void {
    this.#timer = setTimeout(() => {
      if (watch.isDead()) this.#connection.destroy(new Error('no answer to the keepalive ping'));
      else this.#awaitAnswer(watch);
    }, this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS).unref();
  }
}

/** Whether a server ended the connection because it got more pings than it allows (gRFC A8). */
export function asksForFewerPings({ code, message }: GoAway): boolean {
  return code === ErrorCode.EnhanceYourCalm && message === 'too_many_pings';
}
