import { performance } from 'node:perf_hooks';
import { rethrowOnNextTick, type ReceiveWindow } from '../../wire/index.js';
import { http2Error, type Http2Error } from '../protocol/errors.js';
import { ErrorCode, Http2FrameType } from '../protocol/frame.js';
import { SendingHalf } from '../outbound/sending-half.js';
import type { Http2StreamHost } from './stream-host.js';
import { NOBODY, type StreamListener } from './stream-listener.js';

/** Age in milliseconds at which a stream counts as used, even without data. */
const WANTED_AFTER_MS = 1000;

/**
 * One stream: a request and its response. To save memory, the class is neither an event emitter nor a Node.js
 * stream. The base class sends; this class receives, and ends the stream.
 */
export class Http2Stream extends SendingHalf {
  /** Set by `request()`, or by the user in `onRequest`. */
  listener: StreamListener = NOBODY;
  /** @internal Whether the headers of the request or final response have arrived. */
  hasHeaders = false;
  /** Time of creation, by `performance.now()`. */
  readonly #openedAt = performance.now();
  readonly #receiveWindow: ReceiveWindow;
  /** Bytes missing of the `content-length`, if there is one. */
  #expected: number | undefined;
  /** Bytes passed to the listener and not consumed. */
  #unread = 0;
  /** Whether the rest of the peer's message is dropped. */
  #discarding = false;
  /** Whether the request was refused. If so, the end of the stream refunds nothing. */
  #isRefused = false;

  /** @internal */
  constructor(host: Http2StreamHost, id: number, receiveWindow: ReceiveWindow) {
    super(host, id);
    this.#receiveWindow = receiveWindow;
  }

  /** Whether nothing more is sent or received. */
  get closed(): boolean {
    return this.state === 'closed';
  }

  /** Whether this side sends no more. */
  get ended(): boolean {
    return this.state !== 'open' && this.state !== 'half-closed remote';
  }

  /** Whether the peer has used the stream: it got data, or one second has passed. */
  get isWanted(): boolean {
    return this.hasSentData || performance.now() - this.#openedAt >= WANTED_AFTER_MS;
  }

  /**
   * Charges the peer for a request that the caller refuses for a fault of the peer: it counts against
   * `maxResets`, and may end the connection. A stream that this side has opened is not charged.
   */
  chargeRefusal(): void {
    if (this.state === 'closed' || this.#isRefused) return;
    this.#isRefused = true;
    this.host.chargeRefusal(this.id);
  }

  /** Resets the stream; the listener gets no more events. */
  reset(code: ErrorCode): void {
    if (this.state === 'closed') return;
    this.#giveUp(code);
    this.host.afterClose();
  }

  /**
   * Drops the rest of the peer's message without events. Once this side has half-closed the stream,
   * RST_STREAM with NO_ERROR asks the peer to stop (RFC 9113, 8.1), and the stream ends in order.
   */
  discardRest(): void {
    if (!this.#receives()) return;
    this.#discarding = true;
    this.consume(this.#unread);
    if (this.state === 'half-closed local') this.#stopPeer();
  }

  /** Marks `bytes` of `onData` as consumed: the peer gets credit. No effect once the stream is closed. */
  consume(bytes: number): void {
    const taken = Math.min(bytes, this.#unread);
    this.#unread -= taken;
    this.host.consumed(taken);
    if (!this.#receives()) return;
    const credit = this.#receiveWindow.credit(this.#unread);
    if (credit > 0) this.host.output.numberFrame(Http2FrameType.WindowUpdate, this.id, credit);
  }

  // ---- Called by the connection

  /** @internal */
  get receiveWindow(): number {
    return this.#receiveWindow.open;
  }

  /** @internal SETTINGS have announced another initial window. */
  shiftReceiveWindow(bytes: number): void {
    this.#receiveWindow.shift(bytes);
  }

  /** @internal Whether the peer has half-closed the stream. False once the stream is closed. */
  get finished(): boolean {
    return this.state === 'half-closed remote' || this.state === 'ended';
  }

  /** @internal Sets the `content-length` of the peer's message. */
  expectLength(contentLength: string | undefined): void {
    if (contentLength !== undefined) this.#expected = Number(contentLength);
  }

  /** @internal Whether the data matches the `content-length`, if there is one. */
  get lengthIsRight(): boolean {
    return this.#expected === undefined || this.#expected === 0;
  }

  /** @internal */
  spend(bytes: number): void {
    this.#receiveWindow.spend(bytes);
  }

  /** @internal Padding uses the windows, too, and is credited at once. */
  receivePadding(bytes: number): void {
    this.#receiveWindow.receive(bytes);
    this.#unread += bytes;
    this.consume(bytes);
  }

  /** @internal */
  receive(chunk: Buffer, start: number, end: number): void {
    const length = end - start;
    this.#receiveWindow.receive(length);
    this.#unread += length;
    if (this.#expected !== undefined) this.#expected -= length;
    if (this.#discarding) return this.consume(length);
    try {
      this.listener.onData(chunk, start, end);
    } catch (error) {
      this.listenerThrew(error);
    }
  }

  /** @internal Receives the headers of the final response. */
  receiveHeaders(headers: readonly string[], isAll: boolean): void {
    this.hasHeaders = true;
    if (this.#discarding) return;
    try {
      this.listener.onHeaders(headers, isAll);
    } catch (error) {
      this.listenerThrew(error);
    }
  }

  /** @internal */
  receiveTrailers(headers: readonly string[]): void {
    if (this.#discarding) return;
    try {
      this.listener.onTrailers(headers);
    } catch (error) {
      this.listenerThrew(error);
    }
  }

  /** @internal The peer has half-closed the stream. */
  receiveEnd(): void {
    this.state = this.state === 'half-closed local' ? 'ended' : 'half-closed remote';
    try {
      if (!this.#discarding) this.listener.onEnd();
    } catch (error) {
      this.listenerThrew(error);
    }
    if (this.state === 'ended') this.#closeInOrder();
  }

  /** @internal Ends the stream without RST_STREAM: the peer or the connection has ended it. */
  abort(error: Http2Error): void {
    if (this.state === 'closed') return;
    this.#dropUnread();
    this.#close(false);
    this.#tellClose(error);
  }

  /** @internal Ends the stream with RST_STREAM, and reports `error` to the listener. */
  fail(error: Http2Error): void {
    if (this.state === 'closed') return;
    this.#giveUp(error.http2Code as ErrorCode);
    this.#tellClose(error);
  }

  /** @internal Fails only this stream after an error in its listener. */
  listenerThrew(error: unknown): void {
    rethrowOnNextTick(error);
    this.fail(
      http2Error('stream', ErrorCode.InternalError, 'a listener of it threw', false, {
        cause: error,
      }),
    );
  }

  /** @internal Whether the user has set a listener. */
  get hasListener(): boolean {
    return this.listener !== NOBODY;
  }

  // ---- Called by the sending half

  /** @internal */
  protected override endSent(): void {
    if (this.state === 'half-closed remote') return this.#closeInOrder();
    this.state = 'half-closed local';
    if (this.#discarding) this.#stopPeer();
  }

  /** @internal */
  protected override notifyDrain(): void {
    try {
      this.listener.onDrain();
    } catch (error) {
      this.listenerThrew(error);
    }
  }

  // ---- Private methods

  /** Whether the peer may still send. */
  #receives(): boolean {
    return this.state === 'open' || this.state === 'half-closed local';
  }

  /** Stops counting unread data when the stream ends: the peer can send no more. */
  #dropUnread(): void {
    this.host.consumed(this.#unread);
    this.#unread = 0;
  }

  /** Asks the peer to send no more of a message that is dropped, and ends the stream in order. */
  #stopPeer(): void {
    this.host.output.numberFrame(Http2FrameType.RstStream, this.id, ErrorCode.NoError);
    this.host.rememberReset(this.id);
    this.#closeInOrder();
  }

  #closeInOrder(): void {
    this.#dropUnread();
    this.#close(true);
    this.#tellClose();
  }

  #giveUp(code: ErrorCode): void {
    // A stream that both sides have ended needs no RST_STREAM.
    if (this.state !== 'ended') {
      this.host.output.numberFrame(Http2FrameType.RstStream, this.id, code);
      this.host.rememberReset(this.id);
    }
    this.#dropUnread();
    this.#close(false);
  }

  /** @param finished - whether both sides have ended the stream in order. */
  #close(finished: boolean): void {
    this.state = 'closed';
    this.dropQueued();
    this.#receiveWindow.release(0);
    this.host.forget(this.id, finished && !this.#isRefused);
  }

  #tellClose(error?: Http2Error): void {
    try {
      this.listener.onClose(error);
    } catch (thrown) {
      rethrowOnNextTick(thrown);
    }
    this.host.afterClose();
  }
}
