import { ReceiveWindow, type RoundTrip, type WindowLimits } from '../../wire/index.js';
import type { Http2ConnectionOptions } from '../connection-options.js';
import type { PeerAccounts } from '../peer-accounts.js';
import type { Http2Stream } from '../stream/stream.js';
import type { WindowPlan } from './window-plan.js';

/** The part of the connection that `StreamWindows` uses. */
export interface StreamWindowsHost {
  readonly streams: { readonly totalSize: number; all(): Iterable<Http2Stream> };
  /** Whether a new initial window can be announced now. */
  canAnnounce(): boolean;
  /** Announces an initial window of `to` bytes in place of `from` to the peer, by SETTINGS. */
  announce(from: number, to: number): void;
}

/**
 * Creates the receive windows of the streams. A new stream gets the full window while few streams of the
 * peer are open on all of its connections, and a small one while many are, so that the sum of the windows is
 * bounded. SETTINGS announce each change. Windows grow from a shared budget: a small window grows to the full
 * size as soon as half of it is read, and any window grows further for a fast reader. A stream that ends
 * returns its growth to the budget.
 */
export class StreamWindows {
  readonly #plan: WindowPlan;
  readonly #limits: WindowLimits;
  readonly #host: StreamWindowsHost;
  #size: 'full' | 'small' = 'full';

  constructor(
    options: Http2ConnectionOptions,
    accounts: PeerAccounts,
    roundTrip: RoundTrip,
    host: StreamWindowsHost,
  ) {
    this.#plan = accounts.windows;
    this.#host = host;
    this.#limits = {
      granted: this.#plan.full,
      grantedIsFree: true,
      initial: this.#plan.full,
      max: options.maxWindowSize,
      budget: accounts.growth,
      roundTrip,
    };
  }

  /** Creates the window of a new stream. */
  create(): ReceiveWindow {
    return new ReceiveWindow(this.#limits, this.#plan[this.#size]);
  }

  /** Called when a stream opens or closes, and when the peer acknowledges SETTINGS. */
  adapt(): void {
    const { totalSize: size } = this.#host.streams;
    const { fewStreams } = this.#plan;
    // Hysteresis: no change between `fewStreams / 2` and `fewStreams`, which saves SETTINGS frames.
    if (this.#size === 'full' ? size > fewStreams : size * 2 <= fewStreams) this.#change();
  }

  #change(): void {
    if (!this.#host.canAnnounce()) return;
    const from = this.#plan[this.#size];
    this.#size = this.#size === 'full' ? 'small' : 'full';
    const to = this.#plan[this.#size];
    this.#host.announce(from, to);
    for (const stream of this.#host.streams.all()) stream.shiftReceiveWindow(to - from);
  }
}
