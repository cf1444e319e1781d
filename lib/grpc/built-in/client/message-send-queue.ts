import type { Http2Stream } from '../../../http2/index.js';
import { messageBuffers, MessageLoan } from '../../../wire/index.js';
import { compress } from '../compression.js';
import { messagePrefix, PREFIX_LENGTH } from '../message-prefix.js';

/** Limit of the retry buffer, in bytes. */
const REPLAY_LIMIT = 256 * 1024;

/** Memory of a message in addition to its content, in bytes. */
const OVERHEAD = 256;

interface Outgoing {
  pieces: readonly Uint8Array[];
  length: number;
  /** Loan of the message's buffer, held while the message is in the retry buffer. */
  loan: MessageLoan | undefined;
}

/**
 * Outgoing messages of a call, in order. Compresses them if required, keeps them until there is a stream,
 * and, up to `REPLAY_LIMIT`, in a retry buffer until no retry is possible.
 */
export class MessageSendQueue {
  readonly #onFailure: () => void;
  #stream: Http2Stream | undefined;
  /** The retry buffer; undefined once the call cannot be retried. */
  #kept: Outgoing[] | undefined = [];
  #keptLength = 0;
  #ended = false;
  /** Whether later messages are dropped. */
  #isReleased = false;
  /** Settles when earlier messages are compressed; later ones wait for it. */
  #compressing: Promise<void> | undefined;
  /** Callbacks of writers that wait for room; undefined if none do. */
  #callbacks: (() => void)[] | undefined;

  /** @param onFailure - called if a message cannot be compressed. */
  constructor(onFailure: () => void) {
    this.#onFailure = onFailure;
  }

  /** Whether the retry buffer has all sent messages, so that another stream can carry them. */
  get canReplay(): boolean {
    return this.#kept !== undefined;
  }

  /** @param callback - called when the queue accepts more, or no more is needed. */
  send(
    message: Uint8Array,
    encoding: 'deflate' | 'gzip' | undefined,
    callback: (() => void) | undefined,
  ): void {
    if (encoding === undefined && this.#compressing === undefined) {
      return this.#put(message, false, callback);
    }
    const before = this.#compressing ?? Promise.resolve();
    this.#compressing = before
      .then(() => (encoding === undefined ? message : compress(message, encoding)))
      .then((output) => this.#put(output, encoding !== undefined, callback), this.#onFailure);
  }

  /** Half-closes the stream after the last message. */
  end(): void {
    if (this.#compressing) this.#compressing = this.#compressing.then(() => this.#end());
    else this.#end();
  }

  /** Whether writers wait for the queue to accept more. */
  get isAwaited(): boolean {
    return this.#callbacks !== undefined;
  }

  /** Sends messages to `stream`, beginning with the kept ones. Returns whether it accepts more. */
  attach(stream: Http2Stream): boolean {
    this.#stream = stream;
    let hasRoom = true;
    for (const { pieces, length } of this.#kept ?? []) hasRoom = stream.write(pieces, length);
    if (this.#ended) stream.end();
    this.trim();
    return hasRoom;
  }

  /** Detaches the lost stream, which has sent any part of the kept messages. They wait for another stream. */
  detach(): void {
    this.#stream = undefined;
    for (const { loan } of this.#kept ?? []) loan?.forfeit();
  }

  /**
   * Drops the retry buffer if it exceeds its limit. It has no limit while the peer may refuse the stream
   * because it allows fewer: these calls are to be retried. The windows of the peer then limit what is sent.
   */
  trim(): void {
    if (this.#keptLength <= REPLAY_LIMIT || this.#stream === undefined) return;
    if (!this.#stream.mayExceedLimit) this.commit();
  }

  /** Drops the retry buffer: the call cannot be retried any more. */
  commit(): void {
    const kept = this.#kept;
    if (kept === undefined) return;
    this.#kept = undefined;
    for (const { loan } of kept) loan?.release();
  }

  /** Calls the callbacks of waiting writers. */
  callBack(): void {
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return;
    this.#callbacks = undefined;
    for (const callback of callbacks) callback();
  }

  /**
   * The call has ended: drops the retry buffer and later messages, but still calls their callbacks. Errors
   * are reported by the status of the call.
   */
  release(): void {
    this.#isReleased = true;
    this.commit();
  }

  #put(message: Uint8Array, compressed: boolean, callback: (() => void) | undefined): void {
    if (this.#isReleased) {
      if (callback) process.nextTick(callback);
      return;
    }
    const pieces = [messagePrefix(message.length, compressed), message];
    const length = PREFIX_LENGTH + message.length;
    const stream = this.#stream;
    if (this.#kept !== undefined) {
      const loan = messageBuffers.serves(message.length) ? MessageLoan.of(message) : undefined;
      this.#keep(this.#kept, { pieces, length, loan });
    }
    const hasRoom = stream?.write(pieces, length) ?? false;
    if (!callback) return;
    if (hasRoom) callback();
    else (this.#callbacks ??= []).push(callback);
  }

  #end(): void {
    this.#ended = true;
    this.#stream?.end();
  }

  #keep(kept: Outgoing[], outgoing: Outgoing): void {
    kept.push(outgoing);
    outgoing.loan?.hold();
    this.#keptLength += OVERHEAD + outgoing.length;
    // Before there is a stream, all messages are kept.
    this.trim();
  }
}
