import {
  ReceiveWindow,
  WindowBudget,
  type RoundTrip,
  type WindowLimits,
} from '../flow-control/index.js';
import type { Http2ConnectionOptions } from './connection-options.js';
import { DEFAULT_WINDOW_SIZE } from './frame.js';

/** What the peer may send on all streams together, and what each of them begins with. */
export class ConnectionWindow {
  readonly #streamLimits: WindowLimits;
  readonly #window: ReceiveWindow;
  #unread = 0;

  constructor(options: Http2ConnectionOptions, roundTrip: RoundTrip) {
    // Streams may be promised more than all together: the window of the connection bounds them.
    const budget = new WindowBudget(Number.MAX_SAFE_INTEGER, () => {});
    this.#streamLimits = {
      granted: options.initialWindowSize,
      initial: options.initialWindowSize,
      max: options.maxWindowSize,
      budget,
      roundTrip,
    };
    this.#window = new ReceiveWindow({
      granted: DEFAULT_WINDOW_SIZE,
      initial: options.connectionWindowSize,
      max: options.connectionWindowSize,
      budget,
      roundTrip,
    });
  }

  /** Bytes that the peer may still send. */
  get open(): number {
    return this.#window.open;
  }

  /** The window of a new stream. */
  forStream(): ReceiveWindow {
    return new ReceiveWindow(this.#streamLimits);
  }

  /** The peer is told of the window. Returns what to credit it with. */
  announce(): number {
    return this.#window.announce();
  }

  /** The peer has begun a DATA frame of `bytes`. */
  spend(bytes: number): void {
    this.#window.spend(bytes);
    this.#window.receive(bytes);
    this.#unread += bytes;
  }

  /** So much was read, or never will be. Returns what to credit the peer with. */
  consumed(bytes: number): number {
    this.#unread -= bytes;
    return this.#window.credit(this.#unread);
  }
}
