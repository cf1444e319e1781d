import { LinkWatch } from '../../wire/index.js';
import type { Http2Connection } from '../../http2/index.js';
import { MAX_TIMEOUT_MS } from '../../options/index.js';

/** As grpc-js. */
const DEFAULT_TIMEOUT_MS = 20_000;

/** When a connection is asked for a sign of life. */
export interface KeepAliveOptions {
  /** Milliseconds between two questions; none if 0, negative or more than Node's timers keep. */
  timeMs: number;
  /**
   * Milliseconds that the other end has to answer, and that nothing may move in either direction while
   * the answer is awaited. Default 20000.
   */
  timeoutMs: number | undefined;
  /** Whether to ask at this moment. */
  isDue(): boolean;
}

/**
 * Asks the other end for a sign of life again and again, and gives the connection up when there is
 * none. Anything that comes from it is one, and so is data that waited and that the network then took
 * (gRFC A8). Keeps no process alive.
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

  /** Nothing, unless there is a time to ask after. */
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
      () => {}, // The connection is over.
    );
  }

  /** The answer may be late behind data, in either direction: as long as that moves, it is waited for. */
  #awaitAnswer(watch: LinkWatch): void {
    this.#timer = setTimeout(() => {
      if (watch.isDead()) this.#connection.destroy(new Error('no answer to the keepalive ping'));
      else this.#awaitAnswer(watch);
    }, this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS).unref();
  }
}
