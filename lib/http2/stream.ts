import type { ReceiveWindow } from '../flow-control/index.js';
import type { Http2Error } from './errors.js';
import { ErrorCode, Flag, FrameType } from './frame.js';
import type { FrameOutput, FrameSource } from './frame-output.js';

/** What the user of a stream is told, in this order; nothing after `onClose`. */
export interface StreamListener {
  /** Headers of the message, flat: name, value, name, value. Of a response the final ones. */
  onHeaders(headers: readonly string[]): void;
  /**
   * Bytes of the message, a view of what the connection received. The other end may send as much again
   * only after `consume()`.
   */
  onData(piece: Buffer): void;
  /** What comes behind the message, if anything does. */
  onTrailers(headers: readonly string[]): void;
  /** The other end has sent all there is. */
  onEnd(): void;
  /** What was written is on its way: write on. */
  onDrain(): void;
  /** The stream is over: both ends have finished or, with the reason, one of them gave it up. */
  onClose(error?: Http2Error): void;
}

/** What a stream needs of its connection. */
export interface StreamHost {
  readonly output: FrameOutput;
  /** Bytes that all streams together may send. */
  sendWindow: number;
  /** Longest payload of a frame that the peer takes. */
  readonly peerMaxFrameSize: number;
  /** Encodes and writes a header block; in the order of the calls. */
  sendHeaders(streamId: number, headers: readonly string[], endStream: boolean): void;
  /** `source` can send nothing before the window of the connection opens. */
  waitForWindow(source: FrameSource): void;
  /** The application has read `bytes` of the connection's data, or never will. */
  consumed(bytes: number): void;
  /** @param finished - whether both ends came to their end. */
  forget(stream: Http2Stream, finished: boolean): void;
  /** This side gave the stream up; what is on its way for it is thrown away. */
  rememberReset(streamId: number): void;
}

/** Bytes that a stream takes before it asks its user to wait. */
const HIGH_WATER = 64 * 1024;

/**
 * One stream: a request and its response. It holds no more than it must; there is no event emitter and
 * no Node stream in it.
 */
export class Http2Stream implements FrameSource {
  /** Set by who uses the stream, at once. */
  listener!: StreamListener;
  /** @internal Whether the headers of the peer's message have come; of a response the final ones. */
  hasHeaders = false;
  readonly #host: StreamHost;
  readonly #receiveWindow: ReceiveWindow;
  #sendWindow: number;
  #local: 'open' | 'finished' = 'open';
  #remote: 'open' | 'finished' = 'open';
  #closed = false;
  /** Data that had no place yet: pieces, and how many bytes they are. */
  #queue: Uint8Array[] = [];
  #queued = 0;
  /** What is to follow the queued data. */
  #afterData: 'nothing' | 'end' | readonly string[] = 'nothing';
  #wantsDrain = false;
  /** Bytes of the message that are still to come, if its headers say how many. */
  #expected: number | undefined;
  /** Bytes that were handed on and not consumed. */
  #unread = 0;
  /** Nobody wants the rest of the peer's message. */
  #discarding = false;

  /** @internal */
  constructor(
    host: StreamHost,
    readonly id: number,
    sendWindow: number,
    receiveWindow: ReceiveWindow,
  ) {
    this.#host = host;
    this.#sendWindow = sendWindow;
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

  /** Sends headers: the first of all or, behind data, trailers, which end the stream. */
  sendHeaders(headers: readonly string[], endStream = false): void {
    if (this.#cannotSend) return;
    if (this.#queued > 0) {
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
    if (this.#cannotSend) return true;
    if (this.#queued === 0 && (length === 0 || this.#mayWriteNow(length))) {
      this.#spend(length);
      this.#host.output.data(endStream ? Flag.EndStream : 0, this.id, pieces, length);
      if (endStream) this.#finish();
      return true;
    }
    for (const piece of pieces) if (piece.length > 0) this.#queue.push(piece);
    this.#queued += length;
    if (endStream) this.#afterData = 'end';
    this.#schedule();
    this.#wantsDrain ||= this.#queued >= HIGH_WATER;
    return !this.#wantsDrain;
  }

  /** Sends no more. */
  end(): void {
    if (this.#cannotSend) return;
    if (this.#queued > 0) {
      this.#afterData = 'end';
      return;
    }
    this.#host.output.data(Flag.EndStream, this.id, [], 0);
    this.#finish();
  }

  /** Gives the stream up; the listener is told nothing more. */
  reset(code: ErrorCode): void {
    if (this.#closed) return;
    this.#host.output.numberFrame(FrameType.RstStream, this.id, code);
    this.#host.rememberReset(this.id);
    this.#dropUnread();
    this.#close(false);
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
    if (credit > 0) this.#host.output.numberFrame(FrameType.WindowUpdate, this.id, credit);
  }

  // ---- Called by the connection

  /** @internal */
  get receiveWindow(): number {
    return this.#receiveWindow.open;
  }

  /** @internal */
  get sendWindow(): number {
    return this.#sendWindow;
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
  receive(piece: Buffer): void {
    this.#receiveWindow.receive(piece.length);
    this.#unread += piece.length;
    if (this.#expected !== undefined) this.#expected -= piece.length;
    if (this.#discarding) this.consume(piece.length);
    else this.listener.onData(piece);
  }

  /** @internal */
  receiveEnd(): void {
    this.#remote = 'finished';
    if (!this.#discarding) this.listener.onEnd();
    if (this.#local === 'finished') this.#closeInOrder();
  }

  /** @internal `change` may be negative, when the peer has lowered its initial window. */
  grant(change: number): void {
    this.#sendWindow += change;
    this.#schedule();
  }

  /** @internal The stream is over for a reason that is not ours. */
  abort(error: Http2Error): void {
    if (this.#closed) return;
    this.#dropUnread();
    this.#close(false);
    this.listener.onClose(error);
  }

  /** @internal */
  sendFrame(): boolean {
    const host = this.#host;
    const length = Math.min(this.#queued, this.#sendWindow, host.sendWindow, host.peerMaxFrameSize);
    if (length <= 0) {
      if (this.#queued > 0 && this.#sendWindow > 0) host.waitForWindow(this);
      return false;
    }
    const last = length === this.#queued && this.#afterData === 'end';
    this.#spend(length);
    host.output.data(last ? Flag.EndStream : 0, this.id, this.#takeFromQueue(length), length);
    if (this.#queued > 0) return true;
    this.#afterQueue(last);
    return false;
  }

  /** Whether the stream is over for this side, or will be once the queued data is sent. */
  get #cannotSend(): boolean {
    return this.#closed || this.#local === 'finished' || this.#afterData !== 'nothing';
  }

  #mayWriteNow(length: number): boolean {
    const host = this.#host;
    return (
      length <= this.#sendWindow &&
      length <= host.sendWindow &&
      length <= host.peerMaxFrameSize &&
      !host.output.full
    );
  }

  #spend(length: number): void {
    this.#sendWindow -= length;
    this.#host.sendWindow -= length;
  }

  #schedule(): void {
    if (this.#queued > 0 && this.#sendWindow > 0) this.#host.output.activate(this);
  }

  #takeFromQueue(length: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    let missing = length;
    let whole = 0;
    while (missing > 0) {
      const piece = this.#queue[whole]!;
      if (piece.length > missing) {
        taken.push(piece.subarray(0, missing));
        this.#queue[whole] = piece.subarray(missing);
        break;
      }
      taken.push(piece);
      missing -= piece.length;
      whole += 1;
    }
    this.#queue.splice(0, whole);
    this.#queued -= length;
    return taken;
  }

  /** All queued data is on its way, and the end with it if it was the `last`. */
  #afterQueue(last: boolean): void {
    const next = this.#afterData;
    if (last) {
      this.#finish();
    } else if (next !== 'nothing' && next !== 'end') {
      this.#host.sendHeaders(this.id, next, true);
      this.#finish();
    }
    if (!this.#wantsDrain || this.#closed) return;
    this.#wantsDrain = false;
    this.listener.onDrain();
  }

  /** Nobody will read it any more, and the connection needs its window back. */
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
    this.#host.output.numberFrame(FrameType.RstStream, this.id, ErrorCode.NoError);
    this.#host.rememberReset(this.id);
    this.#closeInOrder();
  }

  #closeInOrder(): void {
    if (this.#closed) return;
    this.#close(true);
    this.listener.onClose();
  }

  #close(finished: boolean): void {
    this.#closed = true;
    this.#queue = [];
    this.#queued = 0;
    this.#host.output.deactivate(this);
    this.#host.forget(this, finished);
  }
}
