import { Duplex } from 'node:stream';
import { INITIAL_WINDOW, YamuxError } from '../yamux/index.js';
import type { RawStream } from './load-yamux-js.js';

/** Longest payload of a frame that is sent, in bytes, so that streams take turns. */
export const MAX_SENT_PAYLOAD = 64 * 1024;

/** What a stream needs of its session. */
export interface YamuxJsStreamHost {
  /** Whether the socket takes more; if not, `send()` of the stream is called when it does. */
  admits(stream: YamuxJsStream): boolean;
  /** Resets the stream at the other end. */
  reset(streamId: number): void;
  /** Nothing written to the stream is unsent. */
  flushed(): void;
  /** The stream has left the protocol: its id means nothing any more. */
  forget(stream: YamuxJsStream): void;
}

/** Errors are delivered to whoever listens; that nobody does must not end the process. */
function ignoreError(): void {}

/**
 * A stream of yamux-js that ends, resets and waits as a Node `Duplex` should, with half-open ends.
 * It stands between the application and the stream of yamux-js, which does none of it.
 */
export class YamuxJsStream extends Duplex {
  readonly id: number;
  readonly #host: YamuxJsStreamHost;
  readonly #raw: RawStream;
  /** Has yamux-js count bytes as received, and grant credit for them from half a window on. */
  readonly #credit: (bytes: number) => void;
  /** Bytes that came and are not yet credited: they wait for the reader, in `#raw` or here. */
  #uncredited = 0;
  /** Bytes that the other end will take, as yamux-js counts them. */
  #sendWindow = INITIAL_WINDOW;
  #unsent: { bytes: Buffer; callback: (error?: Error | null) => void } | undefined;
  /** `gone`: the other end, or this one, knows the stream no more; nothing may be sent for it. */
  #local: 'open' | 'finished' | 'gone' = 'open';
  #remote: 'open' | 'finished' = 'open';
  #sessionError: Error | undefined;

  constructor(host: YamuxJsStreamHost, raw: RawStream) {
    super({ allowHalfOpen: true, emitClose: true, highWaterMark: MAX_SENT_PAYLOAD });
    this.id = raw.ID();
    this.#host = host;
    this.#raw = raw;
    // yamux-js grants new credit for what arrives; here it is granted for what is taken out (C11).
    this.#credit = raw.updateRecvWindow.bind(raw);
    raw.updateRecvWindow = (bytes) => {
      this.#uncredited += bytes;
      this.#creditConsumed();
    };
    raw.on('data', (chunk: Buffer) => this.#deliver(chunk));
    raw.on('end', () => this.push(null));
    raw.on('error', (error) => this.destroy(error));
    this.on('error', ignoreError);
  }

  /** Bytes that the other end may send now. */
  get receiveWindow(): number {
    return INITIAL_WINDOW - this.#uncredited;
  }

  get sendWindow(): number {
    return this.#sendWindow;
  }

  /** Whether everything written so far, an end included, has been sent. */
  get isFlushed(): boolean {
    return this.writableLength === 0 && (this.#local !== 'open' || !this.writableEnded);
  }

  // ---- The application's side (called by Node's stream machinery)

  override _read(): void {
    // Data is pushed as it arrives: the window, not the demand, limits how much.
  }

  override read(size?: number): unknown {
    const chunk: unknown = super.read(size);
    if (chunk !== null) this.#creditConsumed();
    return chunk;
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.#put(chunk, callback);
  }

  override _writev(
    writes: { chunk: Buffer; encoding: BufferEncoding }[],
    callback: (error?: Error | null) => void,
  ): void {
    this.#put(Buffer.concat(writes.map(({ chunk }) => chunk)), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#finish();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (this.#local === 'open') {
      const complete = this.#remote === 'finished' && this.writableLength === 0;
      if (complete && error === null) this.#finish();
      else this.#host.reset(this.id);
    }
    // Ended by us but not by the other end, what still comes for it is answered by a reset.
    this.#leave();
    this.#raw.forceClose();
    this.#raw.destroy();
    const unsent = this.#unsent;
    this.#unsent = undefined;
    unsent?.callback(error ?? new YamuxError('ERR_YAMUX_STREAM_RESET', 'the stream was destroyed'));
    callback(error);
  }

  // ---- The other end's side (called by the session)

  /** Sends what the window and the socket admit. */
  send(): void {
    while (this.#unsent !== undefined) {
      // Never more than the window: at zero yamux-js would look for credit every 100 ms (C10), and
      // go on doing so after the stream's end.
      if (this.#sendWindow === 0 || !this.#host.admits(this)) return;
      const { bytes, callback } = this.#unsent;
      const size = Math.min(bytes.length, this.#sendWindow, MAX_SENT_PAYLOAD);
      const complete = size === bytes.length;
      this.#sendWindow -= size;
      this.#unsent = complete ? undefined : { bytes: bytes.subarray(size), callback };
      this.#raw.write(bytes.subarray(0, size));
      if (complete) {
        callback();
        this.#host.flushed();
      }
    }
  }

  /** The other end takes more. */
  grant(bytes: number): void {
    this.#sendWindow += bytes;
    this.send();
  }

  /** The other end has sent its last byte; yamux-js does not notice (C14). */
  receiveFin(): void {
    this.#remote = 'finished';
    if (this.#local === 'finished') this.#leave();
    this.#raw.push(null);
  }

  /** The other end gave the stream up; yamux-js tells nobody (C15). */
  receiveReset(): void {
    this.#leave();
    this.destroy(new YamuxError('ERR_YAMUX_STREAM_RESET', `the peer reset stream ${this.id}`));
  }

  /** The session is over. A stream that the other end had finished may still be read to its end. */
  sessionEnded(error: Error): void {
    this.#leave();
    this.#sessionError = error;
    const complete = this.#remote === 'finished' && this.#unsent === undefined;
    if (complete && !this.readableEnded) this.once('end', () => this.destroy(error));
    else this.destroy(error);
  }

  #put(bytes: Buffer, callback: (error?: Error | null) => void): void {
    if (this.#sessionError !== undefined) return callback(this.#sessionError);
    if (bytes.length === 0) return callback();
    this.#unsent = { bytes, callback };
    this.send();
  }

  #deliver(chunk: Buffer): void {
    try {
      this.push(chunk);
    } catch (error) {
      // Thrown by a listener of ours: uncaught as it would be elsewhere, but not inside yamux-js.
      process.nextTick(() => {
        throw error;
      });
    }
    this.#creditConsumed();
  }

  #creditConsumed(): void {
    if (this.#local === 'gone' || this.#remote === 'finished') return;
    const consumed = this.#uncredited - this.#raw.readableLength - this.readableLength;
    if (consumed <= 0) return;
    this.#uncredited -= consumed;
    this.#credit(consumed);
  }

  #finish(): void {
    if (this.#local !== 'open') return;
    this.#local = 'finished';
    this.#raw.close();
    if (this.#remote === 'finished') this.#leave();
    this.#host.flushed();
  }

  #leave(): void {
    if (this.#local === 'gone') return;
    this.#local = 'gone';
    this.#host.forget(this);
  }
}
