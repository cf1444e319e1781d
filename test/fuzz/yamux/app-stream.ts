import type { YamuxStream } from '../../../lib/yamux/stream.js';
import { isPayload, payloadOf } from './payload.js';
import type { PeerStream } from './peer-stream.js';

/** Errors that are not the library's own: the application's, and that of the connection. */
const EXPECTED = new Set(['given up', 'reset']);

/** The application's end of a stream: what it does, and what it was told. */
export class AppStream {
  /** Bytes that it has read. */
  read = 0;
  /** Bytes that it has written. */
  written = 0;
  closes = 0;
  /** Writes whose callback is to come. */
  #writes = 0;
  #errors = 0;
  #hasEnded = false;
  /** Whether it may have been told of the end before it listened. */
  readonly #wasClosed: boolean;

  /**
   * @param peer - the other end, as soon as it is known.
   * @param onData - told of what was read, so that things can happen there and then.
   */
  constructor(
    readonly stream: YamuxStream,
    readonly peer: () => PeerStream | undefined,
    flows: boolean,
    private readonly onData: () => void,
  ) {
    stream.on('end', () => this.#onEnd());
    stream.on('error', (error) => this.#onError(error));
    stream.on('close', () => void (this.closes += 1));
    this.#wasClosed = stream.closed;
    if (flows) stream.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  get isWritable(): boolean {
    return !this.stream.destroyed && !this.stream.writableEnded;
  }

  /** Writes, unless it has written far more than was taken. */
  write(length: number): void {
    if (!this.isWritable || this.stream.writableLength > 1_000_000) return;
    const chunk = payloadOf(2 * this.stream.id + 1, this.written, length);
    this.written += length;
    this.#writes += 1;
    this.stream.write(chunk, () => void (this.#writes -= 1));
  }

  /** Reads up to `length` bytes, or what there is; for those that do not flow. */
  pull(length: number | undefined): void {
    if (this.stream.listenerCount('data') > 0) return;
    const chunk = this.stream.read(length) as Buffer | null;
    if (chunk !== null) this.#take(chunk);
  }

  /** Reads something and thinks better of it. */
  putBack(length: number): void {
    const { stream } = this;
    if (stream.listenerCount('data') > 0 || stream.destroyed) return;
    const chunk = stream.read(length) as Buffer | null;
    if (chunk !== null && !stream.destroyed) stream.unshift(chunk);
  }

  /** Reads all that is left, which closes a stream whose session is over. */
  settle(): void {
    if (this.stream.listenerCount('data') === 0) {
      for (let left = this.stream.readableLength; left > 0; left = this.stream.readableLength) {
        this.pull(left);
      }
    }
    this.stream.resume();
  }

  /** @throws Error unless all came to an end, once. */
  checkEnd(): void {
    const { id } = this.stream;
    if (this.closes !== 1 && !this.#wasClosed)
      throw new Error(`stream ${id} closed ${this.closes} times`);
    if (this.#errors > 1) throw new Error(`stream ${id} failed ${this.#errors} times`);
    if (this.#writes !== 0) throw new Error(`${this.#writes} writes of stream ${id} have no end`);
  }

  #take(chunk: Buffer): void {
    if (!isPayload(2 * this.stream.id, this.read, chunk)) {
      throw new Error(`stream ${this.stream.id} gave other bytes at ${this.read}`);
    }
    this.read += chunk.length;
    const sent = this.peer()?.sent ?? 0;
    if (this.read > sent) throw new Error(`${this.read} bytes were read, ${sent} sent`);
    this.onData();
  }

  #onError(error: Error): void {
    this.#errors += 1;
    const isExpected = error.name === 'YamuxError' || EXPECTED.has(error.message);
    if (!isExpected) throw error;
  }

  #onEnd(): void {
    const { id } = this.stream;
    const peer = this.peer();
    if (this.#hasEnded) throw new Error(`stream ${id} ended twice`);
    this.#hasEnded = true;
    if (peer?.hasEnded !== true) throw new Error(`stream ${id} ended, but not by the peer`);
    if (this.read !== peer.sentBeforeEnd) {
      throw new Error(`stream ${id} ended at ${this.read} of ${peer.sentBeforeEnd} bytes`);
    }
  }
}
