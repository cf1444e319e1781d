import { performance } from 'node:perf_hooks';
import type { ReceiveWindow } from '../wire/index.js';
import { rethrowOnNextTick } from '../wire/index.js';
import { http2Error, type Http2Error } from './errors.js';
import { ErrorCode, Http2Flag, Http2FrameType } from './frame.js';
import type { Http2FrameSource } from './outbound/frame-output.js';
import { Http2SendQueue } from './outbound/send-queue.js';
import type { Http2StreamHost } from './stream-host.js';
import { NOBODY, type StreamListener } from './stream-listener.js';

/** Smallest DATA frame, in bytes, that refunds a frame; one that empties the queue always does. */
const WORTHWHILE = 64;

/** Age in milliseconds from which on a stream counts as used, even without data. */
const WANTED_AFTER_MS = 1000;

/** One stream: a request and its response. No event emitter and no Node.js stream, to save memory. */
export class Http2Stream implements Http2FrameSource {
  /** Set by `request()`, or by the user in `onRequest`. */
  listener: StreamListener = NOBODY;
  /** @internal Whether the headers of the request or final response have arrived. */
  hasHeaders = false;
  /** @internal By `performance.now()`. */
  readonly openedAt = performance.now();
  readonly #host: Http2StreamHost;
  readonly #receiveWindow: ReceiveWindow;
  /** Send window minus the peer's INITIAL_WINDOW_SIZE. */
  #credit = 0;
  #local: 'open' | 'finished' = 'open';
  #remote: 'open' | 'finished' = 'open';
  #closed = false;
  /** Undefined until data must wait for the first time. */
  #queue: Http2SendQueue | undefined;
  /** Bytes missing of the `content-length`, if there is one. */
  #expected: number | undefined;
  /** Bytes passed to the listener and not consumed. */
  #unread = 0;
  /** Whether the rest of the peer's message is dropped. */
  #discarding = false;
  #hasSentData = false;
  /** Whether the request was refused: the stream refunds nothing. */
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

  /** Whether nothing more is sent or received. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether this side has sent END_STREAM. */
  get ended(): boolean {
    return this.#local === 'finished';
  }

  /** Largest header list that may be sent now, in bytes (RFC 9113, 6.5.2). */
  get maxHeaderListSize(): number {
    return this.#host.maxSentHeaderListSize;
  }

  /** Largest list of trailers that may be sent now, in bytes: small while the socket is full. */
  get maxTrailersSize(): number {
    return this.#host.maxSentTrailersSize;
  }

  /**
   * Sends headers or, after data, trailers, which end the stream. Queued data goes first; an encoding
   * error then fails the stream with INTERNAL_ERROR.
   *
   * @throws HpackError for a character above 0xff; nothing is sent then.
   */
  sendHeaders(headers: readonly string[], endStream = false): void {
    if (this.#cannotSend()) return;
    if (this.#queued > 0) {
      this.#queue!.next = headers;
      return;
    }
    this.#host.sendHeaders(this.id, headers, endStream);
    if (endStream) this.#finish();
  }

  /**
   * Sends data; the caller must not change the pieces afterwards. No effect once this side has ended.
   *
   * @param endStream - whether this is the end of the message.
   * @returns false if the caller should wait for `onDrain` before it writes more.
   */
  write(pieces: readonly Uint8Array[], length: number, endStream = false): boolean {
    if (this.#cannotSend()) return true;
    if (this.#queued > 0 || (length > 0 && !this.#mayWriteNow(length))) {
      return this.#enqueue(pieces, length, endStream);
    }
    this.#sendData(pieces, length, endStream);
    if (endStream) this.#finish();
    return true;
  }

  /** Half-closes the stream after the queued data. */
  end(): void {
    if (this.#cannotSend()) return;
    if (this.#queued > 0) {
      this.#queue!.next = 'end';
      return;
    }
    this.#host.output.endStream(this.id);
    this.#finish();
  }

  /**
   * Charges the peer for a request that the caller refuses for a fault of the peer: it counts against
   * `maxResets`, and may end the connection. A stream that this side has opened is not charged.
   */
  chargeRefusal(): void {
    if (this.#closed || this.#isRefused) return;
    this.#isRefused = true;
    this.#host.chargeRefusal(this.id);
  }

  /** Resets the stream; the listener gets no more events. */
  reset(code: ErrorCode): void {
    if (this.#closed) return;
    this.#giveUp(code);
    this.#host.afterClose();
  }

  /**
   * Drops the rest of the peer's message without events. Once this side has half-closed the stream,
   * RST_STREAM with NO_ERROR asks the peer to stop (RFC 9113, 8.1), and the stream ends in order.
   */
  discardRest(): void {
    if (this.#closed || this.#remote === 'finished') return;
    this.#discarding = true;
    this.consume(this.#unread);
    if (this.#local === 'finished') this.#stopPeer();
  }

  /** Marks `bytes` of `onData` as consumed: the peer gets credit. No effect once the stream is closed. */
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

  /** @internal SETTINGS have announced another initial window. */
  shiftReceiveWindow(bytes: number): void {
    this.#receiveWindow.shift(bytes);
  }

  /** @internal */
  get sendWindow(): number {
    return this.#host.output.initialStreamWindow + this.#credit;
  }

  /** @internal Send window minus the peer's INITIAL_WINDOW_SIZE. */
  get sendCredit(): number {
    return this.#credit;
  }

  /** Whether the peer has used the stream: it got data, or one second has passed. */
  get isWanted(): boolean {
    return this.hasSentData || performance.now() - this.openedAt >= WANTED_AFTER_MS;
  }

  /** @internal Whether the peer has half-closed the stream. */
  get finished(): boolean {
    return this.#remote === 'finished';
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

  /** @internal Applies a WINDOW_UPDATE of the peer. */
  grant(bytes: number): void {
    this.#credit += bytes;
    this.#schedule();
  }

  /** @internal Ends the stream without RST_STREAM: the peer or the connection has ended it. */
  abort(error: Http2Error): void {
    if (this.#closed) return;
    this.#dropUnread();
    this.#close(false);
    this.#tellClose(error);
  }

  /** @internal Ends the stream with RST_STREAM, and reports `error` to the listener. */
  fail(error: Http2Error): void {
    if (this.#closed) return;
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

  /** @internal Whether this side has sent any data. */
  get hasSentData(): boolean {
    return this.#hasSentData;
  }

  /** @internal */
  get sendable(): boolean {
    return this.#queued > 0 && this.sendWindow > 0;
  }

  /** @internal Sends the next DATA frame of the queue; the windows must be open. */
  sendFrame(): void {
    const { output, peerMaxFrameSize } = this.#host;
    const queue = this.#queue!;
    const length = Math.min(
      queue.bytes,
      this.sendWindow,
      output.window,
      peerMaxFrameSize,
      output.frameLimit,
    );
    const last = length === queue.bytes && queue.next === 'end';
    output.waiting -= length;
    this.#sendData(queue.take(length), length, last);
    if (queue.bytes === 0) this.#afterQueue(queue, last);
  }

  /** Bytes of data in the queue. */
  get #queued(): number {
    return this.#queue === undefined ? 0 : this.#queue.bytes;
  }

  /** Whether this side has ended, or will end after the queued data. */
  #cannotSend(): boolean {
    if (this.#closed || this.#local === 'finished') return true;
    return this.#queue !== undefined && this.#queue.next !== 'nothing';
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
    if (length >= WORTHWHILE || this.#queued === 0) abuse.refundFrame();
    else abuse.chargeCrumb();
    this.#host.output.data(last ? Http2Flag.EndStream : 0, this.id, pieces, length);
  }

  /** Queues data. Returns false if the writer should wait for `onDrain`. */
  #enqueue(pieces: readonly Uint8Array[], length: number, endStream: boolean): boolean {
    const { output, sendHighWaterMark } = this.#host;
    const queue = (this.#queue ??= new Http2SendQueue());
    if (queue.bytes === 0) output.waitingSources.add(this);
    queue.put(pieces, length);
    output.waiting += length;
    if (endStream) queue.next = 'end';
    this.#schedule();
    queue.wantsDrain ||= queue.bytes >= sendHighWaterMark;
    return !queue.wantsDrain;
  }

  #schedule(): void {
    if (this.sendable) this.#host.output.activate(this);
  }

  /** The queue is empty; with `last` the final frame had END_STREAM. */
  #afterQueue(queue: Http2SendQueue, last: boolean): void {
    const { next } = queue;
    this.#host.output.waitingSources.delete(this);
    if (last) this.#finish();
    else if (typeof next !== 'string') this.#sendTrailers(next);
    if (!queue.wantsDrain || this.#closed) return;
    queue.wantsDrain = false;
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
      // The caller of `sendHeaders` has returned already.
      const { message } = error as Error;
      return this.fail(
        http2Error('stream', ErrorCode.InternalError, message, false, { cause: error }),
      );
    }
    this.#finish();
  }

  /** Stops counting unread data when the stream ends: the peer can send no more. */
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
    // A stream that both sides have finished needs no RST_STREAM.
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
    if (this.#queued > 0) {
      output.waiting -= this.#queued;
      output.waitingSources.delete(this);
      this.#queue!.clear();
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
