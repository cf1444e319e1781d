import type { TokenBucket } from '../../wire/index.js';
import { ErrorCode } from '../frame.js';
import type { PeerAccounts } from '../peer-accounts.js';

/** Cost of credit: a peer may give it for each piece that it reads, on the stream and on all. */
const CREDIT_COST = 0.25;
/** Cost of a visit to one stream, where a frame makes this side visit many. */
const VISIT_COST = 1 / 64;
/** Header blocks that may come on a stream after this side has reset it: headers and trailers. */
const LATE_HEADERS = 2;
/** Bytes of DATA received that pay for one frame. */
const BYTES_THAT_PAY = 1024;

/**
 * Limits frames and streams that cost the peer less than they cost this side. Frames and streams have
 * an account each, or the former would pay for the latter.
 *
 * Methods that begin with `may` end the connection when they return false.
 */
export class Http2AbuseGuard {
  readonly #frames: TokenBucket;
  readonly #streams: TokenBucket;
  readonly #fail: (code: ErrorCode, message: string) => void;
  /** Header blocks that may still come on streams that this side has reset. */
  #lateHeaders = 0;

  constructor(accounts: PeerAccounts, fail: (code: ErrorCode, message: string) => void) {
    this.#frames = accounts.frames;
    this.#streams = accounts.streams;
    this.#fail = fail;
  }

  /**
   * The peer has sent a frame that is of no use by itself.
   *
   * @param bytes - of a payload that had to be decoded all the same: each KiB costs as much as a frame.
   */
  chargeFrame(bytes = 0): boolean {
    return this.#frames.allows(1 + (bytes >>> 10)) || this.#calm('frames that are of no use');
  }

  /** The peer has sent headers, `bytes` of them, on a stream of ours that is reset. */
  chargeLateHeaders(bytes: number): boolean {
    if (this.#lateHeaders === 0) return this.chargeFrame(bytes);
    this.#lateHeaders -= 1;
    return true;
  }

  /** The peer has sent credit. */
  chargeWindowUpdate(): boolean {
    return this.#frames.allows(CREDIT_COST) || this.#calm('frames that are of no use');
  }

  /** One frame of the peer made this side visit so many streams. */
  chargeVisits(streams: number): boolean {
    const cost = VISIT_COST * streams;
    return this.#frames.allows(cost) || this.#calm('frames that are of no use');
  }

  /** This side had to send a frame with next to nothing in it, as the peer's window was small. */
  chargeCrumb(): void {
    this.#frames.charge(CREDIT_COST);
  }

  /** This side has reset a stream of its own. */
  expectLateHeaders(): void {
    this.#lateHeaders += LATE_HEADERS;
  }

  /** This side has sent DATA, for which the peer may give credit. */
  refundFrame(): void {
    this.#frames.forgive(1);
  }

  /** The peer has sent DATA, `bytes` of it besides padding. */
  refundData(bytes: number): void {
    this.#frames.forgive(bytes >= BYTES_THAT_PAY ? 1 : bytes / BYTES_THAT_PAY);
  }

  /** The peer has opened a stream for nothing: the work that it set going may still go on. */
  chargeReset(): boolean {
    return this.#streams.allows(1) || this.#calm('streams that were given up at once, or refused');
  }

  /**
   * The connection has ended, and so many streams of the peer with it before they were of use. Returns
   * whether that is within its budget.
   */
  chargeResets(streams: number): boolean {
    return streams === 0 || this.#streams.allows(streams);
  }

  /** A stream has come to its end. */
  refundReset(): void {
    this.#streams.forgive(1);
  }

  #calm(what: string): false {
    this.#fail(ErrorCode.EnhanceYourCalm, `too many ${what}`);
    return false;
  }
}
