import { TokenBucket } from '../wire/index.js';
import type { YamuxConfig } from './config.js';
import { YamuxError } from './errors.js';
import { GoAwayCode } from './frame.js';

/**
 * Useless frames that a stream pays for when this side opens or resets it: ACK, and FIN, RST or credit in
 * transit.
 */
const FRAMES_ABOUT_A_STREAM = 4;
/**
 * Largest value of `#earned` after a refill: one window update for each KiB of 64 MiB, the default
 * `maxSessionWindowSize` of a backchannel connection.
 */
const MAX_EARNED = 65_536;

/** The session that the guard protects. */
export interface YamuxAbuseGuardHost {
  /** Ends the session with a GoAway. */
  fail(error: YamuxError, goAwayCode: GoAwayCode): void;
}

/**
 * Limits frames and streams that cost the peer less than they cost this side. Frames and streams have
 * separate token buckets; otherwise frames would pay for streams.
 *
 * Data, and streams that this side opens or resets, pay for useless frames. These payments are only added up
 * at first; they refill the bucket of frames when it is empty. Methods that return a boolean end the session
 * before they return false.
 */
export class YamuxAbuseGuard {
  readonly #maxUselessFrames: number;
  readonly #frames: TokenBucket;
  readonly #streams: TokenBucket;
  readonly #host: YamuxAbuseGuardHost;
  /** Useless frames that other traffic has paid for since the bucket was last empty. */
  #earned = 0;
  /** Bytes that an honest peer may still send on reset streams, until it learns of the resets. */
  #inFlight = 0;

  constructor(config: Readonly<YamuxConfig>, host: YamuxAbuseGuardHost) {
    this.#maxUselessFrames = config.maxUselessFrames;
    this.#frames = new TokenBucket(config.maxUselessFrames, config.uselessFramesPerSecond);
    this.#streams = new TokenBucket(config.maxResets, config.resetsPerSecond);
    this.#host = host;
  }

  /** The peer has sent a frame that is useless by itself. */
  chargeFrame(): boolean {
    if (this.#frames.allows(1)) return true;
    const paid = Math.min(this.#earned, this.#maxUselessFrames);
    this.#earned = Math.min(this.#earned - paid, MAX_EARNED);
    this.#frames.forgive(paid);
    return this.#frames.allows(0) || this.#flood('frames that are of no use');
  }

  /** The peer has sent `bytes` of data on an unknown stream. */
  chargeLateData(bytes: number): boolean {
    if (bytes === 0 || bytes > this.#inFlight) return this.chargeFrame();
    this.#inFlight -= bytes;
    return true;
  }

  /** A stream of the peer was given up at once. The work that it started may still run. */
  chargeReset(): boolean {
    return this.#streams.allows(1) || this.#flood('streams that were given up at once');
  }

  /** This side has sent a data frame of `bytes`. The peer may give credit for as little as 1 KiB. */
  creditSentData(bytes: number): void {
    this.#earned += 1 + (bytes >>> 10);
  }

  /** The peer has sent a data frame of `bytes`. Only whole KiB pay, or each byte would pay for a frame. */
  creditReceivedData(bytes: number): void {
    this.#earned += bytes >>> 10;
  }

  /** This side has opened a stream. */
  creditOpenedStream(): void {
    this.#earned += FRAMES_ABOUT_A_STREAM;
  }

  /** This side has refused a stream. The peer may have sent `window` bytes on it before it learns that. */
  expectLateData(window: number): void {
    this.#inFlight += window;
  }

  /** This side has reset a stream. The peer may have sent `window` bytes on it, and its end. */
  creditReset(window: number): void {
    this.#inFlight += window;
    this.#earned += FRAMES_ABOUT_A_STREAM;
  }

  /** Both sides have ended a stream. */
  refundReset(): void {
    this.#streams.forgive(1);
  }

  #flood(what: string): false {
    const error = new YamuxError('ERR_YAMUX_FLOOD', `the peer sent too many ${what}`);
    this.#host.fail(error, GoAwayCode.ProtocolError);
    return false;
  }
}
