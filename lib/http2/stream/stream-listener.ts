import type { Http2Error } from '../protocol/errors.js';

/**
 * Events of a stream, in this order, except for `onDrain`; none after `onClose`.
 *
 * An error that a listener throws becomes an uncaughtException, and resets the stream with
 * INTERNAL_ERROR. A listener may call any method of any stream and of the connection.
 */
export interface StreamListener {
  /**
   * Headers of the final response, flat: name, value, name, value. Requests come by `onRequest`. With
   * `isAll` the response has neither data nor trailers.
   */
  onHeaders(headers: readonly string[], isAll: boolean): void;
  /**
   * Data of the message: the bytes of `chunk` from `start` to `end`. The peer gets credit after
   * `consume()`.
   */
  onData(chunk: Buffer, start: number, end: number): void;
  /** Trailers of the message, if it has any. */
  onTrailers(headers: readonly string[]): void;
  /** The peer has half-closed the stream: the message is complete. */
  onEnd(): void;
  /** After `write` returned false: the queue is empty, and writing may continue. */
  onDrain(): void;
  /** The stream has ended: finished by both sides or, with `error`, failed. Not called after `reset()`. */
  onClose(error?: Http2Error): void;
}

/** Listener of a stream until its user sets one. */
export const NOBODY: StreamListener = Object.freeze({
  onHeaders() {},
  onData() {},
  onTrailers() {},
  onEnd() {},
  onDrain() {},
  onClose() {},
});
