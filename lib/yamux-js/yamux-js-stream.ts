import { Duplex } from 'node:stream';
import { INITIAL_WINDOW, YamuxError } from '../yamux/index.js';
import type { RawStream } from './load-yamux-js.js';

/** Maximum payload of a sent frame in bytes, so that streams take turns. */
export const MAX_SENT_PAYLOAD = 64 * 1024;

/** The part of the session that a stream uses. */
export interface YamuxJsStreamHost {
  /** Whether the socket accepts more; if not, `send()` of the stream is called when the socket drains. */
  admits(stream: YamuxJsStream): boolean;
  /** Sends a reset of the stream to the peer. */
  reset(streamId: number): void;
  /** Called when a write, or the end of the stream, was sent. */
  flushed(): void;
  /** Called when the stream is over and its id is no longer in use. */
  forget(stream: YamuxJsStream): void;
}

/** An error that no listener of the application handles must not end the process. */
function ignoreError(): void {}

/**
 * A yamux-js stream with the end, reset and backpressure of a Node `Duplex`, and with half-close. Wraps
 * the stream of yamux-js, which has none of them.
 */
export class YamuxJsStream extends Duplex {
  readonly id: number;
  readonly #host: YamuxJsStreamHost;
  readonly #raw: RawStream;
  /** yamux-js' `updateRecvWindow`: counts bytes as received, and sends credit from half a window on. */
  readonly #credit: (bytes: number) => void;
  /**
   * Received bytes for which no credit is sent yet. They wait for the reader, in `#raw` or in this stream.
   */
  #uncredited = 0;
  /** Bytes that the peer accepts, as yamux-js counts them. */
  #sendWindow = INITIAL_WINDOW;
  #unsent: { bytes: Buffer; callback: (error?: Error | null) => void } | undefined;
  /** `gone`: the stream has ended in both directions, or one end has dropped it; nothing may be sent. */
  #local: 'open' | 'finished' | 'gone' = 'open';
  #remote: 'open' | 'finished' = 'open';
  #sessionError: Error | undefined;

  constructor(host: YamuxJsStreamHost, raw: RawStream) {
    super({ allowHalfOpen: true, emitClose: true, highWaterMark: MAX_SENT_PAYLOAD });
    this.id = raw.ID();
    this.#host = host;
    this.#raw = raw;
    // yamux-js sends credit for bytes that arrive; this stream sends it for bytes that are read (C11).
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

  /** Bytes that the peer may send now. */
  get receiveWindow(): number {
    return INITIAL_WINDOW - this.#uncredited;
  }

  get sendWindow(): number {
    return this.#sendWindow;
  }

  /** Whether everything written so far has been sent, an end included. */
  get isFlushed(): boolean {
    return this.writableLength === 0 && (this.#local !== 'open' || !this.writableEnded);
  }

  // ---- The application's side (called by Node's stream machinery)

  override _read(): void {
    // Data is pushed as it arrives; the window limits its amount, not the demand.
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
    // If only this side has sent FIN, later data of the peer is answered with a reset.
    this.#leave();
    this.#raw.forceClose();
    this.#raw.destroy();
    const unsent = this.#unsent;
    this.#unsent = undefined;
    unsent?.callback(error ?? new YamuxError('ERR_YAMUX_STREAM_RESET', 'the stream was destroyed'));
    callback(error);
  }

  // ---- The peer's side (called by the session)

  /** Sends as much as the window and the socket accept. */
  send(): void {
    while (this.#unsent !== undefined) {
      // Never more than the window: at zero yamux-js would poll for credit every 100 ms (C10), even
      // after the stream's end.
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

  /** Adds credit of the peer, and sends. */
  grant(bytes: number): void {
    this.#sendWindow += bytes;
    this.send();
  }

  /** Handles FIN of the peer, which yamux-js ignores (C14). */
  receiveFin(): void {
    this.#remote = 'finished';
    if (this.#local === 'finished') this.#leave();
    this.#raw.push(null);
  }

  /** Handles RST of the peer, which yamux-js does not report (C15). */
  receiveReset(): void {
    this.#leave();
    this.destroy(new YamuxError('ERR_YAMUX_STREAM_RESET', `the peer reset stream ${this.id}`));
  }

  /** The session is over. If the peer had sent FIN, the stream can still be read to its end. */
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
      // Thrown by a listener of this stream: rethrown as an uncaught exception, outside of yamux-js.
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
