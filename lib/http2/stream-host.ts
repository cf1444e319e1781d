import type { Http2FrameOutput } from './outbound/frame-output.js';
import type { Http2AbuseGuard } from './control/abuse-guard.js';

/** What a stream needs of its connection. */
export interface Http2StreamHost {
  readonly output: Http2FrameOutput;
  /** Where data that was sent pays for frames of the peer. */
  readonly abuse: Http2AbuseGuard;
  /** Longest payload of a frame that the peer takes. */
  readonly peerMaxFrameSize: number;
  /** Bytes of the largest header list that is to be sent now; see `Http2Connection`. */
  readonly maxSentHeaderListSize: number;
  /** Bytes of the largest list of trailers that is to be sent now. */
  readonly maxSentTrailersSize: number;
  /** Bytes that a stream takes before it asks its user to wait. */
  readonly sendHighWaterMark: number;
  /** Encodes and writes a header block; in the order of the calls. */
  sendHeaders(streamId: number, headers: readonly string[], endStream: boolean): void;
  /** The application has read `bytes` of the connection's data, or never will. */
  consumed(bytes: number): void;
  /** @param finished - whether both ends came to their end. */
  forget(streamId: number, finished: boolean): void;
  /** The request on this stream was refused for a fault of the peer's. May end the connection. */
  chargeRefusal(streamId: number): void;
  /** The listener of a forgotten stream has been told. */
  afterClose(): void;
  /** This side gave the stream up; what is on its way for it is thrown away. */
  rememberReset(streamId: number): void;
}
