import { FloodGuard } from '../flow-control/index.js';
import type { Http2ConnectionOptions } from './connection-options.js';

/**
 * What a peer has used of its limits: streams that it has open, and the budgets for frames and for
 * streams that are of no use. Connections of one peer share them, so that a second connection gives the
 * peer nothing that the first one did not.
 */
export class PeerAccounts {
  /** Streams that are open on all of its connections. */
  openStreams = 0;
  /** Budget for frames of no use. */
  readonly frames: FloodGuard;
  /** Budget for streams that are given up. */
  readonly streams: FloodGuard;

  constructor(options: Http2ConnectionOptions) {
    this.frames = new FloodGuard(options.maxUselessFrames, options.uselessFramesPerSecond);
    this.streams = new FloodGuard(options.maxResets, options.resetsPerSecond);
  }
}
