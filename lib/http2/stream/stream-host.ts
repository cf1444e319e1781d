import type { Http2FrameOutput } from '../outbound/frame-output.js';
import type { Http2AbuseGuard } from '../control/abuse-guard.js';

/** The part of a connection that its streams use. */
export interface Http2StreamHost {
  readonly output: Http2FrameOutput;
  /** Refunds useless frames of the peer for sent DATA. */
  readonly abuse: Http2AbuseGuard;
  /** Largest frame payload that the peer accepts, in bytes. */
  readonly peerMaxFrameSize: number;
  /** Largest header list that may be sent now, in bytes; see `Http2Connection`. */
  readonly maxSentHeaderListSize: number;
  /** Largest list of trailers that may be sent now, in bytes. */
  readonly maxSentTrailersSize: number;
  /** `write` of a stream returns false when this many bytes of DATA, or more, are queued in the stream. */
  readonly sendHighWaterMark: number;
  /**
   * Whether more streams may be open than the peer allows: until its SETTINGS arrive, and while it refuses
   * those above its limit.
   */
  readonly isOverbooked: boolean;
  /** Encodes and writes a header block, in the order of the calls. */
  sendHeaders(streamId: number, headers: readonly string[], endStream: boolean): void;
  /** Reports that `bytes` of received DATA were read or dropped. */
  consumed(bytes: number): void;
  /**
   * Removes a closed stream.
   *
   * @param finished - whether both sides have finished it, and it was not refused.
   */
  forget(streamId: number, finished: boolean): void;
  /** Charges the peer for a refused request. May end the connection. */
  chargeRefusal(streamId: number): void;
  /** Called after a stream has closed and, except after `reset()`, its listener was notified. */
  afterClose(): void;
  /** Records that this side has reset the stream, so that frames in transit for it are dropped. */
  rememberReset(streamId: number): void;
}
