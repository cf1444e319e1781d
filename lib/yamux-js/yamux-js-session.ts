import type { Duplex } from 'node:stream';
import type { MultiplexSession } from '../backchannel/index.js';
import { createRootScope } from '../context/index.js';
import { linger } from '../wire/index.js';
import { YamuxFlag, YamuxFrameType, YamuxError } from '../yamux/index.js';
import { encodeHeader } from './frame-header.js';
import { YamuxJsFrameReceiver } from './frame-receiver.js';
import { loadYamuxJs, type RawSession, type RawStream } from './load-yamux-js.js';
import { FrameSplitter } from './frame-splitter.js';
import { YamuxJsStream, type YamuxJsStreamHost } from './yamux-js-stream.js';

const { Client, Server } = loadYamuxJs();

/**
 * Maximum output in bytes that waits for a peer that does not read. Only answers to frames of the peer can
 * exceed it: data of streams waits for the socket to drain.
 */
const MAX_QUEUED_BYTES = 1024 * 1024;

/** Settings of a session; see `YamuxJsOptions`. */
export interface SessionSettings {
  readonly maxFrameSize: number;
  readonly maxStreams: number;
  readonly closeTimeoutMs: number;
}

/**
 * A yamux-js session on a socket. Splits the input into frames and passes them to yamux-js one at a
 * time, with only the flags that it understands. This class and `YamuxJsStream` implement the rest of
 * the protocol. The session owns the socket from construction on.
 */
export class YamuxJsSession implements MultiplexSession {
  readonly closed: Promise<Error | undefined>;

  readonly #socket: Duplex;
  readonly #settings: SessionSettings;
  readonly #yamux: RawSession;
  readonly #splitter: FrameSplitter;
  readonly #receiver: YamuxJsFrameReceiver;
  readonly #streams = new Map<number, YamuxJsStream>();
  /** Streams that wait for the socket to drain, the longest waiting first. */
  readonly #waiting = new Set<YamuxJsStream>();
  readonly #host: YamuxJsStreamHost;
  readonly #socketClosed: Promise<void>;

  /** `closing`: `close()` waits for written data to leave. `closed`: over; the socket may linger. */
  #state: 'open' | 'closing' | 'closed' = 'open';
  #settle!: (reason: Error | undefined) => void;
  #closing: Promise<void> | undefined;
  #closeDeadline: NodeJS.Timeout | undefined;
  #remoteGoAway = false;
  /** Bytes written to the socket. */
  #bytesWritten = 0;
  #handler: ((stream: Duplex) => void) | undefined;
  /** Inbound streams that arrived before the handler was set. */
  #unhandled: YamuxJsStream[] = [];

  constructor(socket: Duplex, role: 'client' | 'server', settings: SessionSettings) {
    this.#socket = socket;
    this.#settings = settings;
    this.#splitter = new FrameSplitter(settings.maxFrameSize);
    this.closed = new Promise((resolve) => (this.#settle = resolve));
    this.#socketClosed = new Promise((resolve) => {
      if (socket.closed) resolve();
      else socket.once('close', () => resolve());
    });
    this.#host = {
      admits: (stream) => this.#admits(stream),
      reset: (streamId) => this.#sendReset(streamId),
      flushed: () => this.#finishClosingSoon(),
      forget: (stream) => this.#forget(stream),
    };
    this.#yamux = this.#createYamux(role);
    this.#receiver = new YamuxJsFrameReceiver(this.#yamux, {
      streams: this.#streams,
      isOver: () => this.#state === 'closed',
      refuseOpens: () => (this.#remoteGoAway = true),
      reset: (streamId) => this.#sendReset(streamId),
    });
    this.#attach();
  }

  open(): Promise<Duplex> {
    if (this.#state !== 'open') return Promise.reject(sessionClosed());
    if (this.#remoteGoAway) {
      return Promise.reject(
        new YamuxError('ERR_YAMUX_REMOTE_GOAWAY', 'the peer accepts no new streams'),
      );
    }
    return Promise.resolve(this.#adopt(this.#yamux.open()));
  }

  onStream(handler: (stream: Duplex) => void): void {
    this.#handler = handler;
    const streams = this.#unhandled;
    this.#unhandled = [];
    for (const stream of streams) if (!stream.destroyed) this.#hand(stream, handler);
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  close(): Promise<void> {
    this.#closing ??= this.#startClosing();
    return this.#closing;
  }

  destroy(error?: Error): void {
    this.#terminate(error ?? sessionClosed());
    this.#socket.destroy();
  }

  // ---- The end

  #startClosing(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      this.#closeDeadline = setTimeout(
        () => this.#terminate(undefined),
        this.#settings.closeTimeoutMs,
      ).unref();
      this.#finishClosingSoon();
    }
    return this.#socketClosed;
  }

  /** Waits until the next tick, because writes made just before reach their streams within this turn. */
  #finishClosingSoon(): void {
    if (this.#state !== 'closing') return;
    process.nextTick(() => {
      if (this.#state !== 'closing') return;
      for (const stream of this.#streams.values()) if (!stream.isFlushed) return;
      this.#terminate(undefined);
    });
  }

  /** The only transition to `closed`. Without `error` the end is orderly: queued output is still sent. */
  #terminate(error: Error | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#closeDeadline);
    this.#closeDeadline = undefined;
    for (const stream of this.#streams.values()) stream.sessionEnded(error ?? sessionClosed());
    this.#unhandled = [];
    // Sends GoAway and ends the output of yamux-js, which ends the socket.
    this.#yamux.close();
    if (error === undefined) {
      linger(this.#socket, this.#bytesTaken, this.#settings.closeTimeoutMs);
    } else {
      this.#yamux.destroy();
      this.#socket.destroy();
    }
    this.#settle(error);
  }

  readonly #bytesTaken = (): number => this.#bytesWritten - this.#socket.writableLength;

  #endOfInput(): YamuxError {
    return this.#splitter.insideFrame
      ? new YamuxError('ERR_YAMUX_UNEXPECTED_EOF', 'the connection ended inside a yamux frame')
      : new YamuxError('ERR_YAMUX_SESSION_CLOSED', 'the connection was closed');
  }

  // ---- The socket

  #createYamux(role: 'client' | 'server'): RawSession {
    const config = {
      acceptBacklog: this.#settings.maxStreams,
      enableKeepAlive: false,
      logger: () => {},
    };
    const yamux = role === 'client' ? new Client(config) : new Server(undefined, config);
    // The constructor of `Client` has no parameter for the handler (C26).
    yamux.onStream = (stream) => this.#accept(stream);
    // yamux-js emits errors without ending the session; each of them ends it here.
    yamux.on('error', (cause) => {
      const message = `yamux-js gave up: ${cause.message}`;
      this.#terminate(new YamuxError('ERR_YAMUX_PROTOCOL', message, { cause }));
    });
    yamux.on('data', (frame: Buffer) => this.#forward(frame));
    yamux.on('end', () => this.#socket.end());
    return yamux;
  }

  #attach(): void {
    const socket = this.#socket;
    // A socket emits its events in any async context, such as its creator's.
    const scope = createRootScope();
    socket.on('data', (chunk: Buffer) => scope.runInAsyncScope(this.#receiveChunk, this, chunk));
    socket.on('drain', () => scope.runInAsyncScope(this.#sendWaiting, this));
    socket.on('end', () => scope.runInAsyncScope(this.#onEnd, this));
    socket.on('error', (error) => scope.runInAsyncScope(this.#terminate, this, error));
    const onClose = (): void => scope.runInAsyncScope(this.#onClose, this);
    socket.on('close', onClose);
    if (socket.destroyed) process.nextTick(onClose);
  }

  #onEnd(): void {
    if (this.#state === 'closed') this.#socket.destroy();
    else this.#terminate(this.#endOfInput());
  }

  #onClose(): void {
    this.#terminate(this.#endOfInput());
  }

  /**
   * Does not pause the output when the socket is full: yamux-js would then stop reading, too. `#admits`
   * limits the output instead.
   */
  #forward(frame: Buffer): void {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(frame);
    this.#bytesWritten += frame.length;
    if (socket.writableLength > MAX_QUEUED_BYTES) {
      this.#terminate(
        new YamuxError(
          'ERR_YAMUX_WRITE_TIMEOUT',
          `the peer makes us answer but does not read: more than ${MAX_QUEUED_BYTES} bytes wait`,
        ),
      );
    }
  }

  #admits(stream: YamuxJsStream): boolean {
    if (!this.#socket.writableNeedDrain) {
      // Progress restarts the time limit of `close()`.
      this.#closeDeadline?.refresh();
      return true;
    }
    this.#waiting.add(stream);
    return false;
  }

  #sendWaiting(): void {
    for (const stream of this.#waiting) {
      if (this.#socket.writableNeedDrain) return;
      // A stream with more to send joins the queue again, at its end.
      this.#waiting.delete(stream);
      stream.send();
    }
  }

  #receiveChunk(chunk: Buffer): void {
    try {
      for (const frame of this.#splitter.split(chunk)) {
        if (this.#state === 'closed') return;
        this.#receiver.receive(frame);
      }
    } catch (error) {
      this.#terminate(error as Error);
    }
  }

  // ---- Streams

  #accept(raw: RawStream): void {
    const stream = this.#adopt(raw);
    // Acknowledges the stream; yamux-js would do so only with its first data (C9).
    raw.sendWindowUpdate();
    if (this.#state !== 'open') stream.destroy();
    else if (this.#handler === undefined) this.#unhandled.push(stream);
    else this.#hand(stream, this.#handler);
  }

  #hand(stream: YamuxJsStream, handler: (stream: Duplex) => void): void {
    try {
      handler(stream);
    } catch (error) {
      stream.destroy(error as Error);
    }
  }

  #adopt(raw: RawStream): YamuxJsStream {
    const stream = new YamuxJsStream(this.#host, raw);
    this.#streams.set(stream.id, stream);
    return stream;
  }

  #sendReset(streamId: number): void {
    const frame = encodeHeader(YamuxFrameType.WindowUpdate, YamuxFlag.Rst, streamId, 0);
    this.#yamux.send({ encode: () => frame });
  }

  #forget(stream: YamuxJsStream): void {
    this.#streams.delete(stream.id);
    this.#waiting.delete(stream);
    this.#yamux.closeStream(stream.id);
    this.#finishClosingSoon();
  }
}

function sessionClosed(): YamuxError {
  return new YamuxError('ERR_YAMUX_SESSION_CLOSED', 'the session is closed');
}
