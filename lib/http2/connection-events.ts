import type { Http2Stream } from './stream.js';

/**
 * What a connection tells its user, who may call anything from there. What a listener throws becomes an
 * uncaughtException; out of `onRequest` it also resets the stream with INTERNAL_ERROR.
 */
export interface Http2ConnectionEvents {
  /** A request has come; `stream.listener` must be set before this returns. */
  onRequest?(stream: Http2Stream, headers: readonly string[], endStream: boolean): void;
  /** The peer has said its settings, as it does first: it speaks HTTP/2. */
  onReady?(): void;
  /** There may be room for a new stream that there was not before. */
  onRoom?(): void;
  /** The peer takes no new streams; those that it knows go on. */
  onGoAway?(code: number, message: string): void;
  /** The connection is over: with the reason unless it ended in order. */
  onClose?(error?: Error): void;
}
