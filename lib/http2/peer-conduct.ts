import { FloodGuard } from '../flow-control/index.js';
import type { Http2ConnectionOptions } from './connection-options.js';
import { ErrorCode } from './frame.js';

/** What credit costs: a peer may give it for each piece that it reads, on the stream and on all. */
const CREDIT_COST = 0.25;

/**
 * Whether the peer does more of what is cheap to send and dear to receive than it has a use for. Frames
 * and streams have an account each, or the former would pay for the latter.
 *
 * Methods that say `may` end the connection when they return false.
 */
export class PeerConduct {
  readonly #frames: FloodGuard;
  readonly #streams: FloodGuard;
  readonly #fail: (code: ErrorCode, message: string) => void;

  constructor(options: Http2ConnectionOptions, fail: (code: ErrorCode, message: string) => void) {
    this.#frames = new FloodGuard(options.maxUselessFrames, options.uselessFramesPerSecond);
    this.#streams = new FloodGuard(options.maxResets, options.resetsPerSecond);
    this.#fail = fail;
  }

  /** It has sent a frame that is of no use by itself. */
  maySendUseless(): boolean {
    return this.#frames.allows(1) || this.#calm('frames that are of no use');
  }

  /** It has sent credit. */
  maySendCredit(): boolean {
    return this.#frames.allows(CREDIT_COST) || this.#calm('frames that are of no use');
  }

  /** Data has been sent by either side. */
  forgiveFrame(): void {
    this.#frames.forgive(1);
  }

  /** It has opened a stream for nothing: the work that it set going may still go on. */
  mayGiveUpStream(): boolean {
    return this.#streams.allows(1) || this.#calm('streams that were given up at once');
  }

  /** A stream has come to its end. */
  forgiveStream(): void {
    this.#streams.forgive(1);
  }

  #calm(what: string): false {
    this.#fail(ErrorCode.EnhanceYourCalm, `too many ${what}`);
    return false;
  }
}
