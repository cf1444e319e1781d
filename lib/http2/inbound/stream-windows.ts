import { ReceiveWindow, type RoundTrip, type WindowLimits } from '../../wire/index.js';
import type { Http2ConnectionOptions } from '../connection-options.js';
import type { PeerAccounts } from '../peer-accounts.js';
import type { Http2Stream } from '../stream.js';
import type { WindowPlan } from './window-plan.js';

/** The part of the connection that the windows of its streams depend on. */
export interface StreamWindowsHost {
  readonly streams: { readonly totalSize: number; all(): Iterable<Http2Stream> };
  /** Whether the peer can be told of another initial window now. */
  canAnnounce(): boolean;
  /** Tells the peer that the initial window of all its streams is now `to` instead of `from` bytes. */
  announce(from: number, to: number): void;
}

/**
 * The receive windows of the streams. A new stream has the full window while few streams of the peer are
 * open, on all of its connections, and a small one while there are many, so that their sum is bounded; the
 * peer is told by SETTINGS. A window grows, from what all streams share, when its stream is read fast; a
 * small one at once when it is read at all. A stream that ends gives back what it took.
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

  /** The window of a new stream. */
  create(): ReceiveWindow {
    return new ReceiveWindow(this.#limits, this.#plan[this.#size]);
  }

  /** Streams were opened or closed, or the peer can be told of another window again. */
  adapt(): void {
    const { totalSize: size } = this.#host.streams;
    const { fewStreams } = this.#plan;
    // Between half of them and all of them nothing changes: a number that varies costs no SETTINGS.
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
