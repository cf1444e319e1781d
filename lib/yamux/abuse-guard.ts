import { TokenBucket } from '../wire/index.js';
import type { YamuxConfig } from './config.js';
import { YamuxError } from './errors.js';

/** Frames that a peer may still send about a stream that we opened: ACK, and FIN, RST or credit that cross ours. */
const FRAMES_ABOUT_A_STREAM = 4;
/** What may be kept of what was earned: credit for each KiB of the largest window there is by default. */
const MAX_EARNED = 65_536;

/**
 * Whether the peer does more of what is cheap to send and dear to receive than it has a use for. Frames
 * and streams have an account each, or the former would pay for the latter.
 *
 * What pays is only added up where it happens; it is looked at when an account is empty. Methods that
 * say `may` end the session when they return false.
 */
export class YamuxAbuseGuard {
  readonly #maxUselessFrames: number;
  readonly #frames: TokenBucket;
  readonly #streams: TokenBucket;
  readonly #fail: (error: YamuxError) => void;
  /** Useless frames that were paid for since the account was last empty. */
  #earned = 0;
  /** Bytes that the peer may honestly send for streams that it does not yet know to be reset. */
  #inFlight = 0;

  constructor(config: Readonly<YamuxConfig>, fail: (error: YamuxError) => void) {
    this.#maxUselessFrames = config.maxUselessFrames;
    this.#frames = new TokenBucket(config.maxUselessFrames, config.uselessFramesPerSecond);
    this.#streams = new TokenBucket(config.maxResets, config.resetsPerSecond);
    this.#fail = fail;
  }

  /** It has sent a frame that is of no use by itself. */
  chargeFrame(): boolean {
    if (this.#frames.allows(1)) return true;
    const paid = Math.min(this.#earned, this.#maxUselessFrames);
    this.#earned = Math.min(this.#earned - paid, MAX_EARNED);
    this.#frames.forgive(paid);
    return this.#frames.allows(0) || this.#flood('frames that are of no use');
  }

  /** It has sent `bytes` of data for a stream that is not there. */
  chargeLateData(bytes: number): boolean {
    if (bytes === 0 || bytes > this.#inFlight) return this.chargeFrame();
    this.#inFlight -= bytes;
    return true;
  }

  /** It has opened a stream for nothing: the work that it set going may still go on. */
  chargeReset(): boolean {
    return this.#streams.allows(1) || this.#flood('streams that were given up at once');
  }

  /** This side has sent a frame with `bytes` of data: the peer may give credit for as little as 1 KiB. */
  creditSentData(bytes: number): void {
    this.#earned += 1 + (bytes >>> 10);
  }

  /** The peer has sent a frame with `bytes` of data: only whole KiB pay, or each byte would pay for a frame. */
  creditReceivedData(bytes: number): void {
    this.#earned += bytes >>> 10;
  }

  /** This side has opened a stream. */
  creditOpenedStream(): void {
    this.#earned += FRAMES_ABOUT_A_STREAM;
  }

  /** This side has refused a stream, on which the peer may have sent `window` bytes before it learns that. */
  expectLateData(window: number): void {
    this.#inFlight += window;
  }

  /** This side has reset a stream, on which the peer may have sent `window` bytes, and its end. */
  creditReset(window: number): void {
    this.#inFlight += window;
    this.#earned += FRAMES_ABOUT_A_STREAM;
  }

  /** A stream has come to its end. */
  refundReset(): void {
    this.#streams.forgive(1);
  }

  #flood(what: string): false {
    this.#fail(new YamuxError('ERR_YAMUX_FLOOD', `the peer sent too many ${what}`));
    return false;
  }
}
