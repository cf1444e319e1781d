import { http2Error, type Http2Error } from '../protocol/errors.js';
import { ErrorCode, Http2Flag } from '../protocol/frame.js';
import type { Http2StreamHost } from '../stream/stream-host.js';
import type { Http2StreamState } from '../stream/stream-state.js';
import type { Http2FrameSource } from './frame-output.js';
import { Http2SendQueue } from './send-queue.js';

/** Smallest DATA frame, in bytes, that refunds a frame; one that empties the queue always does. */
const WORTHWHILE = 64;

/**
 * The sending half of a stream: headers, DATA within the windows, and END_STREAM. `Http2Stream` adds the
 * receiving half and the end of the stream. It is a subclass, because a stream of two objects would cost
 * each call more memory and time.
 */
export abstract class SendingHalf implements Http2FrameSource {
  /** @internal Changed only by `Http2Stream`. */
  protected state: Http2StreamState = 'open';
  /** @internal */
  protected readonly host: Http2StreamHost;
  /** Send window minus the peer's INITIAL_WINDOW_SIZE. */
  #credit = 0;
  #hasSentData = false;
  #isGranted = false;
  /** Undefined until data must wait for the first time. */
  #queue: Http2SendQueue | undefined;

  /** @internal */
  constructor(
    host: Http2StreamHost,
    readonly id: number,
  ) {
    this.host = host;
  }

  /** Largest header list that may be sent now, in bytes (RFC 9113, 6.5.2). */
  get maxHeaderListSize(): number {
    return this.host.maxSentHeaderListSize;
  }

  /** Largest list of trailers that may be sent now, in bytes: small while the socket is full. */
  get maxTrailersSize(): number {
    return this.host.maxSentTrailersSize;
  }

  /**
   * Whether the peer may still refuse this stream because it allows fewer: not once it has given the stream
   * credit.
   */
  get mayExceedLimit(): boolean {
    return !this.#isGranted && this.host.isOverbooked;
  }

  /**
   * Sends headers or, after data, trailers, which end the stream. Queued data goes first; an encoding
   * error then fails the stream with INTERNAL_ERROR.
   *
   * @throws HpackError for a character above 0xff; nothing is sent then.
   */
  sendHeaders(headers: readonly string[], endStream = false): void {
    if (this.#cannotSend()) return;
    if (this.#queuedBytes() > 0) {
      this.#queue!.next = headers;
      return;
    }
    this.host.sendHeaders(this.id, headers, endStream);
    if (endStream) this.endSent();
  }

  /**
   * Sends data; the caller must not change the pieces afterwards. No effect once this side has ended.
   *
   * @param endStream - whether this is the end of the message.
   * @returns false if the caller should wait for `onDrain` before it writes more.
   */
  write(pieces: readonly Uint8Array[], length: number, endStream = false): boolean {
    if (this.#cannotSend()) return true;
    if (this.#queuedBytes() > 0 || (length > 0 && !this.#mayWriteNow(length))) {
      return this.#enqueue(pieces, length, endStream);
    }
    this.#sendData(pieces, length, endStream);
    if (endStream) this.endSent();
    return true;
  }

  /** Half-closes the stream after the queued data. */
  end(): void {
    if (this.#cannotSend()) return;
    if (this.#queuedBytes() > 0) {
      this.#queue!.next = 'end';
      return;
    }
    this.host.output.endStream(this.id);
    this.endSent();
  }

  // ---- Called by the connection

  /** @internal */
  get sendWindow(): number {
    return this.host.output.initialStreamWindow + this.#credit;
  }

  /** @internal Send window minus the peer's INITIAL_WINDOW_SIZE. */
  get sendCredit(): number {
    return this.#credit;
  }

  /** @internal Whether this side has sent any data. */
  get hasSentData(): boolean {
    return this.#hasSentData;
  }

  /** @internal Applies a WINDOW_UPDATE of the peer. */
  grant(bytes: number): void {
    this.#isGranted = true;
    this.#credit += bytes;
    this.#schedule();
  }

  /** Whether queued data may be sent. */
  get sendable(): boolean {
    return this.#queuedBytes() > 0 && this.sendWindow > 0;
  }

  /** Sends the next DATA frame of the queue; the windows must be open. */
  sendFrame(): void {
    const { output, peerMaxFrameSize } = this.host;
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

  // ---- Implemented by `Http2Stream`

  /** @internal Ends the stream with RST_STREAM, and reports `error` to the listener. */
  abstract fail(error: Http2Error): void;

  /** @internal Called after END_STREAM was sent: this side has half-closed the stream. */
  protected abstract endSent(): void;

  /** @internal Calls `onDrain` of the listener. */
  protected abstract notifyDrain(): void;

  /** @internal Drops the queued data of a stream that has closed. */
  protected dropQueued(): void {
    const { output } = this.host;
    if (this.#queuedBytes() > 0) {
      output.waiting -= this.#queuedBytes();
      output.waitingSources.delete(this);
      this.#queue!.clear();
    }
    output.deactivate(this);
  }

  // ---- Private methods

  /** Bytes of data in the queue. */
  #queuedBytes(): number {
    return this.#queue === undefined ? 0 : this.#queue.bytes;
  }

  /** Whether this side has ended, or will end after the queued data. */
  #cannotSend(): boolean {
    if (this.state !== 'open' && this.state !== 'half-closed remote') return true;
    return this.#queue !== undefined && this.#queue.next !== 'nothing';
  }

  #mayWriteNow(length: number): boolean {
    const { output, peerMaxFrameSize } = this.host;
    return (
      length <= this.sendWindow &&
      length <= output.window &&
      length <= peerMaxFrameSize &&
      length <= output.frameLimit &&
      !output.full
    );
  }

  #sendData(pieces: readonly Uint8Array[], length: number, last: boolean): void {
    const { abuse, output } = this.host;
    this.#credit -= length;
    this.#hasSentData ||= length > 0;
    if (length >= WORTHWHILE || this.#queuedBytes() === 0) abuse.refundFrame();
    else abuse.chargeCrumb();
    output.data(last ? Http2Flag.EndStream : 0, this.id, pieces, length);
  }

  /** Queues data. Returns false if the writer should wait for `onDrain`. */
  #enqueue(pieces: readonly Uint8Array[], length: number, endStream: boolean): boolean {
    const { output, sendHighWaterMark } = this.host;
    const queue = (this.#queue ??= new Http2SendQueue());
    const isFirst = queue.bytes === 0;
    queue.put(pieces, length);
    output.waiting += length;
    if (endStream) queue.next = 'end';
    // With data in the queue, the stream is active already, or waits for credit.
    if (isFirst) {
      output.waitingSources.add(this);
      this.#schedule();
    }
    queue.wantsDrain ||= queue.bytes >= sendHighWaterMark;
    return !queue.wantsDrain;
  }

  #schedule(): void {
    if (this.sendable) this.host.output.activate(this);
  }

  /** The queue is empty; with `last` the final frame had END_STREAM. */
  #afterQueue(queue: Http2SendQueue, last: boolean): void {
    const { next } = queue;
    this.host.output.waitingSources.delete(this);
    if (last) this.endSent();
    else if (typeof next !== 'string') this.#sendTrailers(next);
    if (!queue.wantsDrain || this.state === 'closed') return;
    queue.wantsDrain = false;
    this.notifyDrain();
  }

  #sendTrailers(trailers: readonly string[]): void {
    try {
      this.host.sendHeaders(this.id, trailers, true);
    } catch (error) {
      // The caller of `sendHeaders` has returned already.
      const { message } = error as Error;
      return this.fail(
        http2Error('stream', ErrorCode.InternalError, message, false, { cause: error }),
      );
    }
    this.endSent();
  }
}
