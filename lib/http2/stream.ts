import { performance } from 'node:perf_hooks';
import type { ReceiveWindow } from '../wire/index.js';
import { rethrowOnNextTick } from '../wire/index.js';
import { http2Error, type Http2Error } from './errors.js';
import { ErrorCode, Http2Flag, Http2FrameType } from './frame.js';
import type { Http2FrameSource } from './outbound/frame-output.js';
import { Http2SendQueue } from './outbound/send-queue.js';
import type { Http2StreamHost } from './stream-host.js';
import { NOBODY, type StreamListener } from './stream-listener.js';

/** A DATA frame of so many bytes, or with the last of what waits, is worth sending. */
const WORTHWHILE = 64;

/** Milliseconds after which a peer is taken to have wanted a stream, though it got nothing. */
const WANTED_AFTER_MS = 1000;

/**
 * One stream: a request and its response. It holds no more than it must; there is no event emitter and
 * no Node stream in it.
 */
export class Http2Stream implements Http2FrameSource {
  /** Set by who uses the stream, at once. */
  listener: StreamListener = NOBODY;
  /** @internal Whether the headers of the peer's message have come; of a response the final ones. */
  hasHeaders = false;
  /** @internal By `performance.now()`. */
  readonly openedAt = performance.now();
  readonly #host: Http2StreamHost;
  readonly #receiveWindow: ReceiveWindow;
  /** Credit of the peer less what was sent: the window, but for the initial one of all streams. */
  #credit = 0;
  #local: 'open' | 'finished' = 'open';
  #remote: 'open' | 'finished' = 'open';
  #closed = false;
  readonly #queue = new Http2SendQueue();
  /** What is to follow the queued data. */
  #afterData: 'nothing' | 'end' | readonly string[] = 'nothing';
  #wantsDrain = false;
  /** Bytes of the message that are still to come, if its headers say how many. */
  #expected: number | undefined;
  /** Bytes that were handed on and not consumed. */
  #unread = 0;
  /** Nobody wants the rest of the peer's message. */
  #discarding = false;
  #hasSentData = false;
  /** The request was at fault: that it is answered pays for nothing. */
  #isRefused = false;

  /** @internal */
  constructor(
    host: Http2StreamHost,
    readonly id: number,
    receiveWindow: ReceiveWindow,
  ) {
    this.#host = host;
    this.#receiveWindow = receiveWindow;
  }

  /** Whether nothing can be sent on it, or received, any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether this side has sent all it had to. */
  get ended(): boolean {
    return this.#local === 'finished';
  }

  /** Bytes of the largest header list that is to be sent on it now (RFC 9113, 6.5.2). */
  get maxHeaderListSize(): number {
    return this.#host.maxSentHeaderListSize;
  }

  /** Bytes of the largest list of trailers that is to be sent on it now: few, while the peer reads nothing. */
  get maxTrailersSize(): number {
    return this.#host.maxSentTrailersSize;
  }

  /** Sends headers: the first of all or, behind data, trailers, which end the stream. */
  sendHeaders(headers: readonly string[], endStream = false): void {
    if (this.#cannotSend()) return;
    if (this.#queue.bytes > 0) {
      this.#afterData = headers;
      return;
    }
    this.#host.sendHeaders(this.id, headers, endStream);
    if (endStream) this.#finish();
  }

  /**
   * Sends data, which must not be changed any more.
   *
   * @param endStream - whether that was all.
   * @returns whether to go on writing at once; if not, `onDrain` says when.
   */
  write(pieces: readonly Uint8Array[], length: number, endStream = false): boolean {
    if (this.#cannotSend()) return true;
    if (this.#queue.bytes === 0 && (length === 0 || this.#mayWriteNow(length))) {
      this.#sendData(pieces, length, endStream);
      if (endStream) this.#finish();
      return true;
    }
    if (this.#queue.bytes === 0) this.#host.output.waitingSources.add(this);
    this.#queue.put(pieces, length);
    this.#host.output.waiting += length;
    if (endStream) this.#afterData = 'end';
    this.#schedule();
    this.#wantsDrain ||= this.#queue.bytes >= this.#host.sendHighWaterMark;
    return !this.#wantsDrain;
  }

  /** Sends no more. */
  end(): void {
    if (this.#cannotSend()) return;
    if (this.#queue.bytes > 0) {
      this.#afterData = 'end';
      return;
    }
    this.#host.output.endStream(this.id);
    this.#finish();
  }

  /**
   * The request is refused for a fault of the peer's, by whatever is sent on it afterwards: it counts as
   * a stream that the peer gave up. One fault too many ends the connection. On a stream of this side it
   * does nothing.
   */
  chargeRefusal(): void {
    if (this.#closed || this.#isRefused) return;
    this.#isRefused = true;
    this.#host.chargeRefusal(this.id);
  }

  /** Gives the stream up; the listener is told nothing more. */
  reset(code: ErrorCode): void {
    if (this.#closed) return;
    this.#giveUp(code);
    this.#host.afterClose();
  }

  /**
   * Wants nothing more of the peer's message: what still comes is thrown away, untold. Once this side
   * has sent its own end, the peer is asked to stop (RFC 9113, 8.1), and the stream is over in order.
   */
  discardRest(): void {
    if (this.#closed || this.#remote === 'finished') return;
    this.#discarding = true;
    this.consume(this.#unread);
    if (this.#local === 'finished') this.#stopPeer();
  }

  /** `bytes` of what `onData` brought have been taken; to be told also after the stream is closed. */
  consume(bytes: number): void {
    const taken = Math.min(bytes, this.#unread);
    this.#unread -= taken;
    this.#host.consumed(taken);
    if (this.#closed || this.#remote === 'finished') return;
    const credit = this.#receiveWindow.credit(this.#unread);
    if (credit > 0) this.#host.output.numberFrame(Http2FrameType.WindowUpdate, this.id, credit);
  }

  // ---- Called by the connection

  /** @internal */
  get receiveWindow(): number {
    return this.#receiveWindow.open;
  }

  /** @internal The peer was told of another initial window. */
  shiftReceiveWindow(bytes: number): void {
    this.#receiveWindow.shift(bytes);
  }

  /** @internal */
  get sendWindow(): number {
    return this.#host.output.initialStreamWindow + this.#credit;
  }

  /** @internal By how much the window differs from the initial one of all streams. */
  get sendCredit(): number {
    return this.#credit;
  }

  /** Whether the peer has had some use of the stream: it got data, or has been open for a second. */
  get isWanted(): boolean {
    return this.hasSentData || performance.now() - this.openedAt >= WANTED_AFTER_MS;
  }

  /** @internal Whether the peer has ended its half. */
  get finished(): boolean {
    return this.#remote === 'finished';
  }

  /** @internal The headers of the message say how long it is. */
  expectLength(contentLength: string | undefined): void {
    if (contentLength !== undefined) this.#expected = Number(contentLength);
  }

  /** @internal Whether as much has come as was said, or nothing was said. */
  get lengthIsRight(): boolean {
    return this.#expected === undefined || this.#expected === 0;
  }

  /** @internal */
  spend(bytes: number): void {
    this.#receiveWindow.spend(bytes);
  }

  /** @internal Padding, too, uses up windows. */
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

  /** @internal Headers of the message; of a response the final ones. */
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

  /** @internal */
  receiveEnd(): void {
    this.#remote = 'finished';
    try {
      if (!this.#discarding) this.listener.onEnd();
    } catch (error) {
      this.listenerThrew(error);
    }
    if (this.#local === 'finished') this.#closeInOrder();
  }

  /** @internal The peer takes so much more. */
  grant(bytes: number): void {
    this.#credit += bytes;
    this.#schedule();
  }

  /** @internal The stream is over for a reason that is not ours. */
  abort(error: Http2Error): void {
    if (this.#closed) return;
    this.#dropUnread();
    this.#close(false);
    this.#tellClose(error);
  }

  /** @internal The stream is over for this side's own reason. */
  fail(error: Http2Error): void {
    if (this.#closed) return;
    this.#giveUp(error.http2Code as ErrorCode);
    this.#tellClose(error);
  }

  /** @internal Its user failed: so does the stream, but nothing else. */
  listenerThrew(error: unknown): void {
    rethrowOnNextTick(error);
    this.fail(
      http2Error('stream', ErrorCode.InternalError, 'a listener of it threw', false, {
        cause: error,
      }),
    );
  }

  /** @internal Whether the user has taken the stream on. */
  get hasListener(): boolean {
    return this.listener !== NOBODY;
  }

  /** @internal Whether the peer has got any data. */
  get hasSentData(): boolean {
    return this.#hasSentData;
  }

  /** @internal */
  get sendable(): boolean {
    return this.#queue.bytes > 0 && this.sendWindow > 0;
  }

  /** @internal Sends the next frame, there being data and windows for it. */
  sendFrame(): void {
    const { output, peerMaxFrameSize } = this.#host;
    const queue = this.#queue;
    const length = Math.min(
      queue.bytes,
      this.sendWindow,
      output.window,
      peerMaxFrameSize,
      output.frameLimit,
    );
    const last = length === queue.bytes && this.#afterData === 'end';
    output.waiting -= length;
    this.#sendData(queue.take(length), length, last);
    if (queue.bytes === 0) this.#afterQueue(last);
  }

  /** Whether the stream is over for this side, or will be once the queued data is sent. */
  #cannotSend(): boolean {
    return this.#closed || this.#local === 'finished' || this.#afterData !== 'nothing';
  }

  #mayWriteNow(length: number): boolean {
    const { output, peerMaxFrameSize } = this.#host;
    return (
      length <= this.sendWindow &&
      length <= output.window &&
      length <= peerMaxFrameSize &&
      length <= output.frameLimit &&
      !output.full
    );
  }

  #sendData(pieces: readonly Uint8Array[], length: number, last: boolean): void {
    const { abuse } = this.#host;
    this.#credit -= length;
    this.#hasSentData ||= length > 0;
    if (length >= WORTHWHILE || this.#queue.bytes === 0) abuse.refundFrame();
    else abuse.chargeCrumb();
    this.#host.output.data(last ? Http2Flag.EndStream : 0, this.id, pieces, length);
  }

  #schedule(): void {
    if (this.sendable) this.#host.output.activate(this);
  }

  /** All queued data is on its way, and the end with it if it was the `last`. */
  #afterQueue(last: boolean): void {
    const next = this.#afterData;
    this.#host.output.waitingSources.delete(this);
    if (last) this.#finish();
    else if (typeof next !== 'string') this.#sendTrailers(next);
    if (!this.#wantsDrain || this.#closed) return;
    this.#wantsDrain = false;
    try {
      this.listener.onDrain();
    } catch (error) {
      this.listenerThrew(error);
    }
  }

  #sendTrailers(trailers: readonly string[]): void {
    try {
      this.#host.sendHeaders(this.id, trailers, true);
    } catch (error) {
      // Who asked for them is long gone.
      const { message } = error as Error;
      return this.fail(
        http2Error('stream', ErrorCode.InternalError, message, false, { cause: error }),
      );
    }
    this.#finish();
  }

  /** Unread data of a stream that is over is no longer the connection's: the peer can send no more of it. */
  #dropUnread(): void {
    this.#host.consumed(this.#unread);
    this.#unread = 0;
  }

  #finish(): void {
    this.#local = 'finished';
    if (this.#remote === 'finished') this.#closeInOrder();
    else if (this.#discarding) this.#stopPeer();
  }

  #stopPeer(): void {
    this.#host.output.numberFrame(Http2FrameType.RstStream, this.id, ErrorCode.NoError);
    this.#host.rememberReset(this.id);
    this.#closeInOrder();
  }

  #closeInOrder(): void {
    if (this.#closed) return;
    this.#dropUnread();
    this.#close(true);
    this.#tellClose();
  }

  #giveUp(code: ErrorCode): void {
    // Where both ends have finished there is nothing to give up.
    if (this.#local === 'open' || this.#remote === 'open') {
      this.#host.output.numberFrame(Http2FrameType.RstStream, this.id, code);
      this.#host.rememberReset(this.id);
    }
    this.#dropUnread();
    this.#close(false);
  }

  #close(finished: boolean): void {
    const { output } = this.#host;
    this.#closed = true;
    if (this.#queue.bytes > 0) {
      output.waiting -= this.#queue.bytes;
      output.waitingSources.delete(this);
      this.#queue.clear();
    }
    this.#receiveWindow.release(0);
    output.deactivate(this);
    this.#host.forget(this.id, finished && !this.#isRefused);
  }

  #tellClose(error?: Http2Error): void {
    try {
      this.listener.onClose(error);
    } catch (thrown) {
      rethrowOnNextTick(thrown);
    }
    this.#host.afterClose();
  }
}
