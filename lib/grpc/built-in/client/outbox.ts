import type { Http2Stream } from '../../../http2/index.js';
import { messagePrefix, PREFIX_LENGTH } from '../message-prefix.js';

/** Bytes of requests that are kept for sending them once more. */
const REPLAY_LIMIT = 256 * 1024;

interface Outgoing {
  pieces: readonly Uint8Array[];
  length: number;
}

/**
 * Messages on their way to the other end: kept until there is a stream, and, while they are few, until
 * it is sure that they need not be sent once more.
 */
export class Outbox {
  #stream: Http2Stream | undefined;
  #kept: Outgoing[] = [];
  #keptLength = 0;
  #isComplete = true;
  #ended = false;
  /** Told when there is room for more. */
  #callbacks: (() => void)[] = [];

  /** Whether all that was sent is kept, so that another stream can have it. */
  get canReplay(): boolean {
    return this.#isComplete;
  }

  send(message: Uint8Array, compressed: boolean, callback: (() => void) | undefined): void {
    const pieces = [messagePrefix(message.length, compressed), message];
    const outgoing = { pieces, length: PREFIX_LENGTH + message.length };
    const stream = this.#stream;
    if (this.#isComplete) this.#keep(outgoing);
    if (stream === undefined) {
      if (callback) this.#callbacks.push(callback);
    } else {
      const hasRoom = stream.write(outgoing.pieces, outgoing.length);
      if (!callback) return;
      if (hasRoom) callback();
      else this.#callbacks.push(callback);
    }
  }

  /** No more messages. */
  end(): void {
    this.#ended = true;
    this.#stream?.end();
  }

  /** From now on messages go to `stream`; those that are kept first. */
  attach(stream: Http2Stream): void {
    this.#stream = stream;
    let hasRoom = true;
    for (const { pieces, length } of this.#kept) hasRoom = stream.write(pieces, length);
    if (this.#ended) stream.end();
    if (this.#keptLength > REPLAY_LIMIT) this.commit();
    if (hasRoom) this.callBack();
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
    if (this.#callbacks.length === 0) return;
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }

  /** Nothing will be sent any more: writers are let go. Where it went wrong, the status says. */
  release(): void {
    if (this.#callbacks.length > 0) process.nextTick(() => this.callBack());
  }

  #keep(outgoing: Outgoing): void {
    this.#kept.push(outgoing);
    this.#keptLength += outgoing.length;
    // Before there is a stream, everything has to be kept.
    if (this.#keptLength > REPLAY_LIMIT && this.#stream) this.commit();
  }
}
