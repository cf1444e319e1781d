import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import {
  InputTurns,
  linger,
  ownSocket,
  watchProgress,
  type InputReader,
  type LinkState,
  type ReadingTime,
} from '../wire/index.js';
import { verifyYamuxConfig, type YamuxConfig } from './config.js';
import { sessionClosed, yamuxError, type YamuxError } from './errors.js';
import { GoAwayCode, YamuxFrameType } from './frame.js';
import type { YamuxFrameOutputEvents } from './frame-output.js';
import { YamuxFrameParser } from './frame-parser.js';
import { YamuxFrameReceiver, type YamuxRole } from './frame-receiver.js';
import { startKeepAlive } from './keep-alive.js';
import { YamuxSessionContext, type YamuxSessionLifecycle } from './session-context.js';
import type { YamuxSessionState } from './session-state.js';
import { StallWatch } from './stall-watch.js';
import type { YamuxStream } from './stream.js';

/** Milliseconds without progress after which `close()` gives up, if there is no write timeout. */
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * One yamux session over any reliable byte stream, compatible with hashicorp/yamux.
 *
 * - Both sides open streams with `open()` and accept them with `accept()` or `onStream()`.
 * - Streams do not block each other, and writing does not block reading, unless more than 16384
 *   control frames wait for a full socket.
 * - A protocol violation of the peer ends only this session: a GoAway reports it, all streams fail
 *   with the same `YamuxError`, and the socket is closed.
 * - Emits `'close'` exactly once, with the reason unless `close()` was orderly; never `'error'`. The
 *   promise `closed` resolves with the same reason.
 *
 * The session owns the socket from construction on. Source: hashicorp/yamux `session.go`.
 */
export class YamuxSession extends EventEmitter<{
  /** The session has ended. `error` is the reason; undefined after an orderly `close()`. */
  close: [error?: Error];
}> {
  /**
   * Resolves when the session has ended: with the reason, or undefined after an orderly `close()`.
   * Never rejects.
   */
  readonly closed: Promise<Error | undefined>;
  readonly #socket: Duplex;
  readonly #config: Readonly<YamuxConfig>;
  readonly #context: YamuxSessionContext;
  readonly #parser: YamuxFrameParser;
  readonly #stallWatch: StallWatch;
  readonly #stopKeepAlive: (() => void) | undefined;
  #state: YamuxSessionState = 'open';
  #closing: Promise<void> | undefined;
  #stopClosing: (() => void) | undefined;
  #bytesReceived = 0;
  #onClosed!: (error: Error | undefined) => void;

  /**
   * @param socket - a connected byte stream. Nothing else may read from it or write to it.
   * @param config - see `YamuxConfig` for options, units and defaults.
   * @param nextStreamId - id of the first stream that is opened here; for tests.
   * @throws YamuxError `ERR_YAMUX_CONFIG` naming a bad option.
   */
  constructor(
    socket: Duplex,
    role: YamuxRole,
    config?: Partial<YamuxConfig>,
    nextStreamId: number = role === 'client' ? 1 : 2,
  ) {
    super();
    this.#config = verifyYamuxConfig(config);
    this.#socket = socket;
    if (this.#config.chunks === 'borrowed') ownSocket(socket);
    this.closed = new Promise((resolve) => (this.#onClosed = resolve));
    this.#stallWatch = new StallWatch(this.#look, this.#config.connectionWriteTimeoutMs, (error) =>
      this.#terminate(error),
    );
    const inside = new YamuxSession.#Inside(this);
    this.#context = new YamuxSessionContext(socket, this.#config, nextStreamId, inside);
    this.#parser = new YamuxFrameParser(new YamuxFrameReceiver(this.#context));
    this.#stopKeepAlive = this.#startKeepAlive();
    inside.input = InputTurns.begin(socket, inside);
  }

  /** Number of streams that are neither reset nor ended by both sides. */
  get streamCount(): number {
    return this.#context.streams.size;
  }

  /**
   * Opens a stream, which can be written to at once. Waits only while `acceptBacklog` streams are
   * unacknowledged, or while `maxSessionWindowSize` has no room.
   *
   * @throws YamuxError (as a rejection) `ERR_YAMUX_SESSION_CLOSED`, `ERR_YAMUX_REMOTE_GOAWAY` or
   * `ERR_YAMUX_STREAMS_EXHAUSTED`, or the error that ended the session.
   */
  open(): Promise<YamuxStream> {
    return this.#context.opens.request();
  }

  /**
   * Accepts the next inbound stream.
   *
   * @throws YamuxError, or an error of the socket, (as a rejection) if the session ends first.
   */
  accept(): Promise<YamuxStream> {
    return this.#context.accepts.accept();
  }

  /**
   * Accepts every inbound stream from now on and passes it to `handler`, beginning with those that
   * wait. If the handler throws, the stream is reset.
   */
  onStream(handler: (stream: YamuxStream) => void): void {
    this.#context.accepts.onStream(handler);
  }

  /**
   * Pings the peer. Resolves with the round-trip time in milliseconds.
   *
   * @throws YamuxError (as a rejection) `ERR_YAMUX_PING_TIMEOUT` after `connectionWriteTimeoutMs`,
   * `ERR_YAMUX_SESSION_CLOSED`, or the error that ended the session.
   */
  ping(): Promise<number> {
    if (this.#state === 'closed') return Promise.reject(sessionClosed());
    return this.#context.pings.send();
  }

  /** Resets all streams that the peer opens from now on, at almost no cost. Everything else continues. */
  refuseStreams(): void {
    this.#context.streams.refuseInbound();
  }

  /** Sends a GoAway, and resets all streams that the peer opens afterwards. Everything else continues. */
  goAway(): void {
    if (this.#state !== 'open') return;
    this.#state = 'going away';
    this.refuseStreams();
    this.#context.output.control(YamuxFrameType.GoAway, 0, 0, GoAwayCode.Normal);
  }

  /**
   * Ends the session in order, without a GoAway, as in Gitaly: opens and accepts no new streams, sends
   * all written data, then closes the connection. Gives up if the network takes no byte for
   * `connectionWriteTimeoutMs` (10 s if 0); the socket then lingers about as long again. Idempotent.
   * Resolves when the socket is closed; never rejects.
   */
  close(): Promise<void> {
    this.#closing ??= this.#startClosing();
    return this.#closing;
  }

  /** Ends the session at once: streams fail with `error`, and unsent data is lost. Idempotent. */
  destroy(error?: Error): void {
    if (this.#state !== 'closed') this.#terminate(error ?? sessionClosed());
    this.#socket.destroy();
  }

  readonly #bytesTaken = (): number => this.#context.output.bytesTaken;

  readonly #look = (): LinkState => ({
    received: this.#bytesReceived,
    taken: this.#context.output.bytesTaken,
    waiting: this.#socket.writableLength,
  });

  /** Milliseconds without progress after which a closing session gives up. */
  get #stallMs(): number {
    return this.#config.connectionWriteTimeoutMs || CLOSE_TIMEOUT_MS;
  }

  /** The session as its parts and its input see it: one object in place of a closure for each method. */
  static readonly #Inside = class
    implements YamuxSessionLifecycle, YamuxFrameOutputEvents, InputReader
  {
    input: InputTurns | undefined;
    constructor(private readonly session: YamuxSession) {}

    fail(error: YamuxError, goAwayCode?: GoAwayCode): void {
      this.session.#terminate(error, goAwayCode);
    }

    keepChunk(): void {
      this.input?.keepChunk();
    }

    closeIfFlushed(): void {
      const { session } = this;
      if (session.#state === 'closing') process.nextTick(() => session.#finishClosing());
    }

    onWritten(): void {
      this.session.#stallWatch.written(this.session.#socket.writableLength);
    }

    onControlPressure(high: boolean): void {
      if (high) this.input?.pause();
      else this.input?.resume();
    }

    onIdle(): void {
      this.session.#finishClosing();
    }

    read(chunk: Buffer, start: number, time: ReadingTime): number {
      const end = this.session.#parser.push(chunk, start, time);
      this.session.#bytesReceived += end - start;
      return end;
    }

    onEnd(): void {
      if (this.session.#state === 'closed') this.session.#socket.destroy();
      else this.onClose();
    }

    onError(error: Error): void {
      this.session.#terminate(error, undefined, true);
    }

    onClose(): void {
      if (this.session.#state === 'closed') return;
      const error = this.session.#parser.insideFrame
        ? yamuxError('ERR_YAMUX_UNEXPECTED_EOF', 'the connection ended inside a yamux frame')
        : yamuxError('ERR_YAMUX_SESSION_CLOSED', 'the connection was closed');
      this.session.#terminate(error, undefined, true);
    }
  };

  // ---- End of the session

  #startClosing(): Promise<void> {
    if (this.#state !== 'closed') {
      this.#state = 'closing';
      this.#context.streams.refuseInbound();
      this.#context.opens.close(sessionClosed());
      this.#context.accepts.close(sessionClosed());
      // Gives up if the network takes nothing. A slow peer gets the time that it needs.
      this.#stopClosing = watchProgress(this.#bytesTaken, this.#stallMs, () =>
        this.#terminate(undefined),
      );
      // Data written just before `close()` reaches its stream in the current tick.
      process.nextTick(() => this.#finishClosing());
    }
    if (this.#socket.closed) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once('close', () => resolve()));
  }

  #finishClosing(): void {
    if (this.#state !== 'closing') return;
    for (const stream of this.#context.streams.all()) {
      if (!stream.flushed) return;
    }
    this.#terminate(undefined);
  }

  /**
   * Ends the session; the only way to `closed`. Without `error` the end is orderly; a `goAwayCode` is
   * sent to the peer. In both cases the socket is ended, not destroyed, so that the peer can read the
   * rest. With `keepUnread`, received data stays readable.
   */
  #terminate(error: Error | undefined, goAwayCode?: GoAwayCode, keepUnread = false): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#stopClosing?.();
    this.#stallWatch.stop();
    this.#stopKeepAlive?.();
    this.#parser.stop();

    const { opens, accepts, pings, streams, output } = this.#context;
    const reason = error ?? sessionClosed();
    opens.close(reason);
    accepts.close(reason);
    pings.rejectAll(reason);
    for (const stream of streams.all()) stream.sessionEnded(reason, keepUnread);

    if (error === undefined || goAwayCode !== undefined) {
      if (goAwayCode !== undefined) output.control(YamuxFrameType.GoAway, 0, 0, goAwayCode);
      output.end();
      linger(this.#socket, this.#bytesTaken, this.#stallMs);
    } else {
      output.discard();
      this.#socket.destroy();
    }
    this.#onClosed(error);
    this.emit('close', error);
  }

  #startKeepAlive(): (() => void) | undefined {
    if (!this.#config.keepAlive) return undefined;
    return startKeepAlive({
      intervalMs: this.#config.keepAliveIntervalMs,
      look: this.#look,
      ping: () => this.#context.pings.send(),
      onDead: (error) => this.#terminate(error),
    });
  }
}
