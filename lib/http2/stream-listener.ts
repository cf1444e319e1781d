import type { Http2Error } from './errors.js';

/**
 * What the user of a stream is told, in this order; nothing after `onClose`.
 *
 * What a listener throws becomes an uncaughtException, and its stream is reset with INTERNAL_ERROR. It
 * may call anything on any stream and on the connection.
 */
export interface StreamListener {
  /**
   * Headers of the message, flat: name, value, name, value. Of a response the final ones; with `isAll`
   * nothing follows them.
   */
  onHeaders(headers: readonly string[], isAll: boolean): void;
  /**
   * Bytes of the message: those of `chunk`, which the connection received, from `start` to `end`. The
   * other end may send as much again only after `consume()`.
   */
  onData(chunk: Buffer, start: number, end: number): void;
  /** What comes behind the message, if anything does. */
  onTrailers(headers: readonly string[]): void;
  /** The other end has sent all there is. */
  onEnd(): void;
  /** What was written is on its way: write on. */
  onDrain(): void;
  /** The stream is over: both ends have finished or, with the reason, one of them gave it up. */
  onClose(error?: Http2Error): void;
}

/** Listens to a stream until its user does. */
export const NOBODY: StreamListener = Object.freeze({
  onHeaders() {},
  onData() {},
  onTrailers() {},
  onEnd() {},
  onDrain() {},
  onClose() {},
});
