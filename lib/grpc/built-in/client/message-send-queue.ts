import type { Http2Stream } from '../../../http2/index.js';
import { compress } from '../compression.js';
import { messagePrefix, PREFIX_LENGTH } from '../message-prefix.js';

/** Bytes of memory for requests that are kept for sending them once more. */
const REPLAY_LIMIT = 256 * 1024;

/** Bytes of memory that a message takes besides its own. */
const OVERHEAD = 256;

interface Outgoing {
  pieces: readonly Uint8Array[];
  length: number;
}

/**
 * Messages on their way to the other end: compressed if they are to be, in order, kept until there is a
 * stream, and, while they are few, until it is sure that they need not be sent once more.
 */
export class MessageSendQueue {
  readonly #onFailure: () => void;
  #stream: Http2Stream | undefined;
  #kept: Outgoing[] = [];
  #keptLength = 0;
  #isComplete = true;
  #ended = false;
  /** Nobody wants what is still to come. */
  #isReleased = false;
  /** What comes next stands behind it: messages before are being compressed. */
  #compressing: Promise<void> | undefined;
  /** Told when there is room for more. */
  #callbacks: (() => void)[] = [];

  /** @param onFailure - a message could not be compressed. */
  constructor(onFailure: () => void) {
    this.#onFailure = onFailure;
  }

  /** Whether all that was sent is kept, so that another stream can have it. */
  get canReplay(): boolean {
    return this.#isComplete;
  }

  /** @param callback - told when there is room for more, or no need for it. */
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

  /** No more messages. */
  end(): void {
    if (this.#compressing) this.#compressing = this.#compressing.then(() => this.#end());
    else this.#end();
  }

  /** Whether somebody waits for room. */
  get isAwaited(): boolean {
    return this.#callbacks.length > 0;
  }

  /** From now on messages go to `stream`; those that are kept first. Returns whether there is room for more. */
  attach(stream: Http2Stream): boolean {
    this.#stream = stream;
    let hasRoom = true;
    for (const { pieces, length } of this.#kept) hasRoom = stream.write(pieces, length);
    if (this.#ended) stream.end();
    if (this.#keptLength > REPLAY_LIMIT) this.commit();
    return hasRoom;
  }

  /** The stream is lost; what is kept waits for another one. */
  detach(): void {
    this.#stream = undefined;
  }

  /** What was sent will not be needed again. */
  commit(): void {
    if (!this.#isComplete) return;
    this.#isComplete = false;
    this.#kept = [];
  }

  /** There is room for more, or no need for it. */
  callBack(): void {
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }

  /** Nothing will be sent any more, and writers are to be let go. Where it went wrong, the status says. */
  release(): void {
    this.#isReleased = true;
  }

  #put(message: Uint8Array, compressed: boolean, callback: (() => void) | undefined): void {
    if (this.#isReleased) {
      if (callback) process.nextTick(callback);
      return;
    }
    const pieces = [messagePrefix(message.length, compressed), message];
    const outgoing = { pieces, length: PREFIX_LENGTH + message.length };
    const stream = this.#stream;
    if (this.#isComplete) this.#keep(outgoing);
    const hasRoom = stream?.write(outgoing.pieces, outgoing.length) ?? false;
    if (!callback) return;
    if (hasRoom) callback();
    else this.#callbacks.push(callback);
  }

  #end(): void {
    this.#ended = true;
    this.#stream?.end();
  }

  #keep(outgoing: Outgoing): void {
    this.#kept.push(outgoing);
    this.#keptLength += OVERHEAD + outgoing.length;
    // Before there is a stream, everything has to be kept.
    if (this.#keptLength > REPLAY_LIMIT && this.#stream) this.commit();
  }
}
