import type { TokenBucket } from '../../wire/index.js';
import { ErrorCode } from '../protocol/frame.js';
import type { PeerAccounts } from '../peer-accounts.js';

/** Cost of a WINDOW_UPDATE: a peer may send two for each piece that it reads. */
const CREDIT_COST = 0.25;
/** Cost of each stream that a frame makes this side visit. */
const VISIT_COST = 1 / 64;
/** Header blocks that may arrive on a stream after this side has reset it: headers and trailers. */
const LATE_HEADERS = 2;
/** Bytes of received DATA that refund one frame. */
const BYTES_THAT_PAY = 1024;

/** The connection that the guard protects. */
export interface AbuseGuardHost {
  /** Ends the connection with GOAWAY. */
  fail(code: ErrorCode, message: string): void;
}

/**
 * Limits frames and streams that cost the peer less than they cost this side. Frames and streams have
 * separate token buckets, because useful frames must not refund wasted streams.
 *
 * A method that returns false has ended the connection with ENHANCE_YOUR_CALM, except `chargeResets`.
 */
export class Http2AbuseGuard {
  readonly #frames: TokenBucket;
  readonly #streams: TokenBucket;
  readonly #host: AbuseGuardHost;
  /** Free header blocks left for streams that this side has reset. */
  #lateHeaders = 0;

  constructor(accounts: PeerAccounts, host: AbuseGuardHost) {
    this.#frames = accounts.frames;
    this.#streams = accounts.streams;
    this.#host = host;
  }

  /**
   * Charges a useless frame.
   *
   * @param bytes - payload that this side must decode anyway: each KiB costs as much as a frame.
   */
  chargeFrame(bytes = 0): boolean {
    return this.#frames.allows(1 + (bytes >>> 10)) || this.#calm('frames that are of no use');
  }

  /** Charges `bytes` of headers on a stream that this side has opened and reset; two blocks are free. */
  chargeLateHeaders(bytes: number): boolean {
    if (this.#lateHeaders === 0) return this.chargeFrame(bytes);
    this.#lateHeaders -= 1;
    return true;
  }

  /** Charges a WINDOW_UPDATE. */
  chargeWindowUpdate(): boolean {
    return this.#frames.allows(CREDIT_COST) || this.#calm('frames that are of no use');
  }

  /** Charges a frame that makes this side visit `streams` streams. */
  chargeVisits(streams: number): boolean {
    const cost = VISIT_COST * streams;
    return this.#frames.allows(cost) || this.#calm('frames that are of no use');
  }

  /** Charges a tiny DATA frame that this side has sent because of the peer's small window. */
  chargeCrumb(): void {
    this.#frames.charge(CREDIT_COST);
  }

  /** Allows late header blocks: this side has reset a stream that it opened. */
  expectLateHeaders(): void {
    this.#lateHeaders += LATE_HEADERS;
  }

  /** Refunds one frame: this side has sent DATA, for which the peer may send credit. */
  refundFrame(): void {
    this.#frames.forgive(1);
  }

  /** Refunds up to one frame for a DATA frame of the peer with `bytes` of content. */
  refundData(bytes: number): void {
    this.#frames.forgive(bytes >= BYTES_THAT_PAY ? 1 : bytes / BYTES_THAT_PAY);
  }

  /** Charges a wasted stream of the peer; the work that it started may still be running. */
  chargeReset(): boolean {
    return this.#streams.allows(1) || this.#calm('streams that were given up at once, or refused');
  }

  /**
   * Charges streams of the peer that the end of the connection wastes. Returns whether the budget allows
   * them.
   */
  chargeResets(streams: number): boolean {
    return streams === 0 || this.#streams.allows(streams);
  }

  /** Refunds one stream: both sides have finished one. */
  refundReset(): void {
    this.#streams.forgive(1);
  }

  #calm(what: string): false {
    this.#host.fail(ErrorCode.EnhanceYourCalm, `too many ${what}`);
    return false;
  }
}
