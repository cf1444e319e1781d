import { TokenBucket, WindowBudget } from '../wire/index.js';
import type { Http2ConnectionOptions } from './connection-options.js';
import { UnreadBudget } from './inbound/unread-budget.js';
import { planWindows, type WindowPlan } from './inbound/window-plan.js';

/** Share of the room for growth that one step of one window may take: something is left for the next. */
const GROWTH_PER_STEP = 1 / 4;

/**
 * What a peer has used of its limits: streams that it has open, what is unread of them, and the budgets
 * for frames and for streams that are of no use. Connections of one peer share them, so that a second
 * connection gives the peer nothing that the first one did not.
 */
export class PeerAccounts {
  /** Streams that are open on all of its connections. */
  openStreams = 0;
  /** Budget for frames of no use. */
  readonly frames: TokenBucket;
  /** Budget for streams that are given up. */
  readonly streams: TokenBucket;
  /** Budget for what is unread, and for what the peer may send. */
  readonly unread: UnreadBudget;
  /** How all of its streams divide that. */
  readonly windows: WindowPlan;
  /** Budget for windows of streams that grow. */
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
