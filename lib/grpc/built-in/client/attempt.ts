import type { Connected, Connector } from './connector.js';
import type { Transport } from './transport.js';
import { unlessAborted } from './unless-aborted.js';

/** Minimum time limit of an attempt to connect, in milliseconds (gRPC, "Connection Backoff Protocol"). */
const MIN_CONNECT_TIMEOUT_MS = 20_000;

/** An attempt to connect, from the dial to the SETTINGS of the peer, with its time limit. */
export class Attempt {
  /** The connection that waits for the SETTINGS of the peer; undefined until it is made. */
  transport: Transport | undefined;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  /** @param retryInMs - pause before the next attempt if this one fails, in milliseconds. */
  constructor(readonly retryInMs: number) {
    this.#timer = setTimeout(
      () => this.abort(new Error('no connection in time')),
      Math.max(MIN_CONNECT_TIMEOUT_MS, retryInMs),
    ).unref();
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted;
  }

  /**
   * Makes a connection, and calls `onConnected` with it.
   *
   * @throws Error (as a rejection) if that fails or the attempt is aborted.
   */
  async connect(connector: Connector, onConnected: (it: Connected) => void): Promise<void> {
    const { signal } = this.#controller;
    const connected = await unlessAborted(connector.connect(signal), signal);
    if (!signal.aborted) return onConnected(connected);
    connected.stream.destroy();
    throw signal.reason;
  }

  /** Ends the attempt with its connection, if there is one. */
  abort(reason: Error): void {
    this.stop();
    this.#controller.abort(reason);
    this.transport?.destroy(reason);
  }

  /** Stops the time limit: the attempt has succeeded or failed. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
