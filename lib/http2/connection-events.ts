import type { Http2Stream } from './stream/stream.js';

/**
 * Events of a connection. Listeners may call all of its methods. An error that a listener throws becomes
 * an uncaughtException; in `onRequest` it also resets the stream with INTERNAL_ERROR.
 */
export interface Http2ConnectionEvents {
  /** A request has arrived; set `stream.listener` before this returns. */
  onRequest?(stream: Http2Stream, headers: readonly string[], endStream: boolean): void;
  /** The first SETTINGS of the peer have arrived, so the peer speaks HTTP/2. */
  onReady?(): void;
  /** A stream has closed or the peer has sent SETTINGS: `hasRoom` may have become true. */
  onRoom?(): void;
  /** The peer has sent GOAWAY: no new streams; those that it has accepted continue. */
  onGoAway?(code: number, message: string): void;
  /** The connection has ended. `error` is the reason; undefined after an orderly end. */
  onClose?(error?: Error): void;
}
