import { TokenBucket, WindowBudget } from '../wire/index.js';
import type { Http2ConnectionOptions } from './connection-options.js';
import { UnreadBudget } from './inbound/unread-budget.js';
import { planWindows, type WindowPlan } from './inbound/window-plan.js';

/** Share of the remaining growth budget that a window may take at a time, so that others can grow too. */
const GROWTH_PER_STEP = 1 / 4;

/**
 * Counts a peer's use of its limits: open streams, unread bytes, useless frames and wasted streams. All
 * connections of one peer share one instance, so that a second connection does not raise the limits.
 */
export class PeerAccounts {
  /** Open streams on all connections of the peer. */
  openStreams = 0;
  /** Token bucket for useless frames. */
  readonly frames: TokenBucket;
  /** Token bucket for wasted streams; see `maxResets`. */
  readonly streams: TokenBucket;
  /** Budget for unread bytes and for credit that the peer has not used yet. */
  readonly unread: UnreadBudget;
  /** Sizes of the stream windows, which divide `maxUnreadBytes`. */
  readonly windows: WindowPlan;
  /** Budget for the growth of stream windows. */
  readonly growth: WindowBudget;

  /** @param isClient - whether this side opens the streams. */
  constructor(options: Http2ConnectionOptions, isClient = false) {
    this.frames = new TokenBucket(options.maxUselessFrames, options.uselessFramesPerSecond);
    this.streams = new TokenBucket(options.maxResets, options.resetsPerSecond);
    this.unread = new UnreadBudget(options.maxUnreadBytes);
    this.windows = planWindows(options, isClient);
    this.growth = new WindowBudget(this.windows.growth, { maxShare: GROWTH_PER_STEP });
  }
}
