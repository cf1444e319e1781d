import { performance } from 'node:perf_hooks';
import { PASSES_LOANS, ReceiveWindow, type SharedLink, type WindowLimits } from '../wire/index.js';
import { CloseTimeout } from './close-timeout.js';
import { streamReset } from './errors.js';
import { YamuxFlag, YamuxFrameType } from './frame.js';
import { JoiningDuplex } from './joining-duplex.js';
import { YamuxSendQueue, type YamuxSendQueueHost } from './send-queue.js';
import type { YamuxLocalState, YamuxRemoteState } from './stream-state.js';

/** The parts of a session that its streams use. */
export interface YamuxStreamHost extends YamuxSendQueueHost {
  readonly windows: WindowLimits;
  /** Data pieces received, on all streams together. */
  readonly received: { pieces: number };
  /** A view of the chunk of input that is being read escaped to the application. */
  keepChunk(): void;
  /** The stream is closed on the wire; its id has no meaning any more. */
  forget(stream: YamuxStream): void;
}

/** Writable high-water mark in bytes: the most that the socket is given at a time. */
const WRITE_HIGH_WATER = 256 * 1024;

/** Milliseconds after which a stream counts as used, even if no data was sent on it. */
const FRESH_MS = 1000;

/** An `'error'` event without a listener must not end the process. */
function ignoreError(): void {}

/**
 * One stream of a session: a Node `Duplex` with half-open ends.
 *
 * - Reading: the peer gets new credit only after the application has read data. Unread data is
 *   therefore limited by the window, which grows from `initialStreamWindowSize` up to
 *   `maxStreamWindowSize` if a fast reader on a long link needs it. See `YamuxConfig.chunks` for how
 *   long chunks are valid.
 * - Writing: the callback of a write is called when the session has taken the bytes. The bytes must
 *   not be changed after `write()`.
 * - `end()` sends FIN and leaves the readable side open. `destroy()` sends nothing if this side has already
 *   ended; FIN if the peer has ended, nothing is unsent and there is no error; RST in all other cases.
 * - A reset by the peer, a timeout or the end of the session destroys the stream with an error. An
 *   `'error'` event without a listener is ignored; `'close'` and the callbacks report the end too.
 */
export class YamuxStream extends JoiningDuplex implements SharedLink {
  readonly #host: YamuxStreamHost;
  readonly #queue: YamuxSendQueue;
  readonly #receiveWindow: ReceiveWindow;
  readonly #openedAt = performance.now();
  #receivedPieces = 0;
  #local: YamuxLocalState = 'open';
  #remote: YamuxRemoteState = 'open';
  /** Error that ended the session. Set if the stream is destroyed only after its unread data was read. */
  #sessionError: Error | undefined;
  /** Undefined until the stream, half-closed, waits for the peer for the first time. */
  #closeTimeout: CloseTimeout | undefined;

  /** @internal */
  constructor(
    host: YamuxStreamHost,
    /** Id of the stream in the session. */
    readonly id: number,
    sendWindow: number,
  ) {
    super({ allowHalfOpen: true, emitClose: true, writableHighWaterMark: WRITE_HIGH_WATER });
    this.#host = host;
    if (host.config.chunks === 'borrowed') this.borrowChunks();
    this.#queue = new YamuxSendQueue(host, this, sendWindow);
    this.#receiveWindow = new ReceiveWindow(host.windows);
    this.on('error', ignoreError);
  }

  /** Data pieces received for other streams of the session. */
  get receivedByOthers(): number {
    return this.#host.received.pieces - this.#receivedPieces;
  }

  /** @internal Written bytes go to the output of the session by reference. */
  get [PASSES_LOANS](): true {
    return true;
  }

  // ---- The application's side (called by Node's stream machinery)

  /** @internal */
  override _read(): void {
    // Data is pushed as it arrives: the receive window, not the demand of the reader, limits the amount.
  }

  override read(size?: number): unknown {
    let chunk: unknown; // Undefined if a listener of `'data'` throws, which has got a chunk.
    try {
      chunk = super.read(size);
      return chunk;
    } finally {
      if (chunk !== null) this.#afterConsumption();
    }
  }

  /** @internal */
  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    if (this.#sessionError !== undefined) callback(this.#sessionError);
    else this.#queue.put([chunk], chunk.length, callback);
  }

  /** @internal */
  override _writev(
    writes: { chunk: Buffer; encoding: BufferEncoding }[],
    callback: (error?: Error | null) => void,
  ): void {
    if (this.#sessionError !== undefined) callback(this.#sessionError);
    else this.#queue.putAll(writes, callback);
  }

  /** @internal */
  override _final(callback: (error?: Error | null) => void): void {
    this.#sendFin();
    callback();
  }

  /** @internal */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (this.#local === 'open') {
      const complete = this.#remote === 'finished' && this.writableLength === 0;
      if (complete && error === null) this.#sendFin();
      else this.#sendRst();
    }
    this.dropJoined();
    if (this.#local === 'forgotten') this.#receiveWindow.release(0);
    // If only this side has ended, the session keeps the stream and drops data that still arrives.
    this.#queue.stop(error);
    callback(error);
  }

  // ---- The peer's side (called by the session)

  /** @internal Bytes that the peer may still send. */
  get receiveWindow(): number {
    return this.#receiveWindow.open;
  }

  /** @internal */
  get sendWindow(): number {
    return this.#queue.window;
  }

  /** @internal Whether all written data, and the FIN of `end()`, has been sent. */
  get flushed(): boolean {
    return this.writableLength === 0 && (this.#local !== 'open' || !this.writableEnded);
  }

  /** @internal Whether the peer has sent FIN. */
  get finished(): boolean {
    return this.#remote === 'finished';
  }

  /** @internal Whether data from the peer can still be delivered. */
  get receives(): boolean {
    return this.#remote === 'open' && !this.destroyed;
  }

  /** @internal Whether the stream is younger than `FRESH_MS` and this side has sent no data on it. */
  get isFresh(): boolean {
    return !this.#queue.hasSent && performance.now() - this.#openedAt < FRESH_MS;
  }

  /** @internal Opens the stream with SYN, or accepts it with ACK, and announces the window. */
  announce(flag: typeof YamuxFlag.Syn | typeof YamuxFlag.Ack): void {
    if (this.#local === 'forgotten') return;
    const delta = this.#receiveWindow.announce();
    this.#host.output.control(YamuxFrameType.WindowUpdate, flag, this.id, delta);
  }

  /** @internal The peer has used `bytes` of its credit. */
  spend(bytes: number): void {
    this.#receiveWindow.spend(bytes);
  }

  /** @internal */
  receive(piece: Buffer): void {
    this.#closeTimeout?.refresh();
    this.#receivedPieces += 1;
    this.#host.received.pieces += 1;
    this.#receiveWindow.receive(piece.length);
    if (this.pushOrJoin(piece)) this.#host.keepChunk();
    this.#afterConsumption();
  }

  /** @internal */
  grant(bytes: number): void {
    this.#queue.grant(bytes);
    if (this.#queue.sendable) this.#watchForClose();
  }

  /** @internal Handles FIN: the peer sends no more data. */
  receiveFin(): void {
    this.#remote = 'finished';
    this.pushJoined();
    if (this.#local === 'finished') this.#finish();
    else this.#watchForClose();
    if (!this.destroyed) this.pushSafely(null);
  }

  /** @internal Handles RST: the peer has reset the stream, or does not know it. */
  receiveRst(): void {
    this.#forget();
    this.destroy(streamReset(`the peer reset stream ${this.id}`));
  }

  /** @internal Resets the stream by decision of this side. */
  reset(reason: string): void {
    this.#sendRst();
    this.destroy(streamReset(`stream ${this.id} was reset: ${reason}`));
  }

  /**
   * @internal The session has ended. With `keepUnread`, data that has arrived can still be read, and
   * the stream fails with `error` afterwards. Otherwise, or if a write is pending, the stream fails at
   * once.
   */
  sessionEnded(error: Error, keepUnread: boolean): void {
    this.pushJoined();
    this.#forget();
    const unread = this.readableLength > 0 || (this.finished && !this.readableEnded);
    if (!keepUnread || !unread || this.#queue.bytes > 0) {
      this.destroy(error);
      return;
    }
    this.#sessionError = error;
    if (this.finished) this.once('end', () => this.destroy(error));
  }

  // ---- Sending

  /** @internal Unsent data waits for credit of the peer. */
  onBlocked(): void {
    this.#watchForClose();
  }

  #sendFin(): void {
    if (this.#local !== 'open') return;
    this.#host.output.control(YamuxFrameType.WindowUpdate, YamuxFlag.Fin, this.id, 0);
    this.#local = 'finished';
    if (this.#remote === 'finished') this.#finish();
    else this.#watchForClose();
  }

  #sendRst(): void {
    if (this.#local === 'forgotten') return;
    this.#host.abuse.creditReset(this.#receiveWindow.open);
    this.#host.output.control(YamuxFrameType.WindowUpdate, YamuxFlag.Rst, this.id, 0);
    this.#forget();
  }

  /** Both sides have ended the stream, which is thereby closed on the wire. */
  #finish(): void {
    this.#host.abuse.refundReset();
    this.#forget();
  }

  #forget(): void {
    this.#local = 'forgotten';
    this.#receiveWindow.release(this.destroyed ? 0 : this.readableLength);
    this.#closeTimeout?.stop();
    this.#host.forget(this);
  }

  // ---- Receiving

  #afterConsumption(): void {
    if (this.#sessionError !== undefined) {
      if (this.readableLength === 0 && !this.finished) this.destroy(this.#sessionError);
      return;
    }
    if (this.#local === 'forgotten') this.#receiveWindow.release(this.readableLength);
    if (this.#remote === 'finished' || this.#local === 'forgotten' || this.destroyed) return;
    const delta = this.#receiveWindow.credit(this.readableLength);
    if (delta > 0) this.#host.output.control(YamuxFrameType.WindowUpdate, 0, this.id, delta);
  }

  /**
   * Runs the close timeout while a half-closed stream waits for the peer. If this side has ended, it waits for
   * data or FIN; if the peer has ended, it waits for credit.
   */
  #watchForClose(): void {
    const waits =
      this.#local === 'finished' ||
      (this.#local === 'open' && this.#remote === 'finished' && this.#queue.isBlocked);
    if (!waits) return this.#closeTimeout?.stop();
    this.#closeTimeout ??= new CloseTimeout(this, this.#host.config.streamCloseTimeoutMs);
    this.#closeTimeout.start();
  }
}
