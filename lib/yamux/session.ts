import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import {
  InputTurns,
  RoundTrip,
  WindowBudget,
  type LinkState,
  linger,
  watchProgress,
} from '../wire/index.js';
import { AcceptQueue } from './accept-queue.js';
import { verifyYamuxConfig, type YamuxConfig } from './config.js';
import { YamuxError } from './errors.js';
import { YamuxFlag, YamuxFrameType, GoAwayCode, INITIAL_WINDOW, MAX_UINT32 } from './frame.js';
import { YamuxFrameOutput } from './frame-output.js';
import { YamuxFrameParser } from './frame-parser.js';
import { YamuxFrameReceiver, type YamuxRole } from './frame-receiver.js';
import { startKeepAlive } from './keep-alive.js';
import { OpenQueue } from './open-queue.js';
import { YamuxAbuseGuard } from './abuse-guard.js';
import { YamuxPings } from './pings.js';
import { StallWatch } from './stall-watch.js';
import { YamuxStream, type YamuxStreamHost } from './stream.js';

/** How long `close()` waits for a peer that reads nothing when no write timeout is set. */
const CLOSE_TIMEOUT_MS = 10_000;

/** What share of `maxSessionWindowSize` growing windows leave for new streams. */
const RESERVE_FOR_NEW_STREAMS = 1 / 8;

/**
 * One yamux session over any reliable byte stream, compatible with hashicorp/yamux.
 *
 * - `open()` and `accept()` / `onStream()` give streams; both sides may do both.
 * - Reading never waits for writing, and no stream for another.
 * - A peer that breaks the protocol costs only this session: all streams fail with the same
 *   `YamuxError`, the peer is told by a GoAway, the socket is closed.
 * - Emits `'close'` with the reason (none after an orderly `close()`), exactly once; never `'error'`.
 *   `closed` says the same as a promise.
 *
 * The session owns the socket from construction on. Source: hashicorp/yamux `session.go`.
 */
export class YamuxSession extends EventEmitter<{
  /** The session is over; with the reason, unless it was closed in order. */
  close: [error?: Error];
}> {
  /** Settles when the session is over: with the reason, or undefined after an orderly `close()`. Never rejects. */
  readonly closed: Promise<Error | undefined>;

  readonly #socket: Duplex;
  readonly #config: Readonly<YamuxConfig>;
  readonly #streams = new Map<number, YamuxStream>();
  readonly #parser: YamuxFrameParser;
  readonly #output: YamuxFrameOutput;
  readonly #opens: OpenQueue<YamuxStream>;
  readonly #accepts: AcceptQueue;
  readonly #pings: YamuxPings;
  readonly #windowBudget: WindowBudget;
  readonly #host: YamuxStreamHost;
  readonly #stallWatch: StallWatch;
  readonly #stopKeepAlive: () => void;
  readonly #socketClosed: Promise<void>;
  readonly #input: InputTurns;

  /** `closing`: `close()` waits for written data to leave. `closed`: over for users; the socket may linger. */
  #state: 'open' | 'closing' | 'closed' = 'open';
  #closing: Promise<void> | undefined;
  #stopClosing: (() => void) | undefined;
  #refusesStreams = false;
  #hasSaidGoAway = false;
  #nextStreamId: number;
  #inboundCount = 0;
  #bytesReceived = 0;

  /**
   * @param socket - a connected byte stream; nothing else may read from or write to it.
   * @param config - see `YamuxConfig` for options, units and defaults.
   * @param nextStreamId - first id of a stream opened here; for tests.
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
    this.#nextStreamId = nextStreamId;
    this.closed = new Promise((resolve) => this.once('close', resolve));
    this.#socketClosed = socket.closed
      ? Promise.resolve()
      : new Promise((resolve) => socket.once('close', () => resolve()));
    this.#stallWatch = new StallWatch(this.#look, this.#config.connectionWriteTimeoutMs, () =>
      this.#onStall(),
    );
    this.#output = new YamuxFrameOutput(socket, {
      onWritten: () => this.#stallWatch.written(socket.writableLength),
      onControlPressure: (high) => (high ? this.#input.pause() : this.#input.resume()),
      onIdle: () => this.#finishClosing(),
    });
    this.#accepts = new AcceptQueue(this.#config.acceptBacklog);
    this.#opens = new OpenQueue({
      limit: this.#config.acceptBacklog,
      timeoutMs: this.#config.streamOpenTimeoutMs,
      hasRoom: () => this.#hasRoom,
      openStream: () => this.#openStream(),
      onTimeout: (error) => this.#terminate(error),
    });
    this.#pings = new YamuxPings(this.#output, this.#config.connectionWriteTimeoutMs);
    this.#windowBudget = new WindowBudget(this.#config.maxSessionWindowSize, {
      reserve: RESERVE_FOR_NEW_STREAMS,
      onRoom: () => this.#opens.serve(),
    });
    const abuse = new YamuxAbuseGuard(this.#config, (error) =>
      this.#terminate(error, GoAwayCode.ProtocolError),
    );
    this.#host = {
      config: this.#config,
      output: this.#output,
      abuse,
      received: { pieces: 0 },
      windows: {
        granted: INITIAL_WINDOW,
        initial: this.#config.initialStreamWindowSize,
        max: this.#config.maxStreamWindowSize,
        budget: this.#windowBudget,
        roundTrip: new RoundTrip(() => this.#pings.send()),
      },
      forget: (stream) => this.#forget(stream),
    };
    this.#parser = new YamuxFrameParser(
      new YamuxFrameReceiver({
        isOfPeer: (id) => this.#isOfPeer(id),
        streams: this.#streams,
        output: this.#output,
        opens: this.#opens,
        accepts: this.#accepts,
        pings: this.#pings,
        abuse,
        refusesStreams: () => this.#refusesInbound,
        createStream: (id, sendWindow) => {
          this.#inboundCount += 1;
          return this.#createStream(id, sendWindow);
        },
        fail: (error, goAwayCode) => this.#terminate(error, goAwayCode),
      }),
    );
    this.#stopKeepAlive = this.#startKeepAlive();
    this.#input = this.#attach();
  }

  /** Streams that both sides have not yet finished. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /**
   * Opens a stream. It can be written to at once; the peer's acknowledgement is not awaited, unless
   * `acceptBacklog` streams are still without one.
   *
   * @throws YamuxError (as a rejection) `ERR_YAMUX_SESSION_CLOSED`, `ERR_YAMUX_REMOTE_GOAWAY` or
   * `ERR_YAMUX_STREAMS_EXHAUSTED`, or whatever ended the session.
   */
  open(): Promise<YamuxStream> {
    return this.#opens.request();
  }

  /**
   * Accepts the next inbound stream.
   *
   * @throws YamuxError (as a rejection) when the session ends first.
   */
  accept(): Promise<YamuxStream> {
    return this.#accepts.accept();
  }

  /**
   * From now on accepts every inbound stream at once and hands it to `handler`, those that wait
   * first. If the handler throws, that stream is reset.
   */
  onStream(handler: (stream: YamuxStream) => void): void {
    this.#accepts.onStream(handler);
  }

  /**
   * Asks the peer for a sign of life; resolves with the round trip in milliseconds.
   *
   * @throws YamuxError (as a rejection) `ERR_YAMUX_PING_TIMEOUT` after `connectionWriteTimeoutMs`, or
   * whatever ended the session.
   */
  ping(): Promise<number> {
    if (this.#state === 'closed') return Promise.reject(sessionClosed());
    return this.#pings.send();
  }

  /** Resets the streams that the peer opens from now on, which costs next to nothing; all else goes on. */
  refuseStreams(): void {
    this.#refusesStreams = true;
  }

  /** Tells the peer to open no more streams here, and refuses those that it opens anyway; all else goes on. */
  goAway(): void {
    if (this.#hasSaidGoAway || this.#state !== 'open') return;
    this.#hasSaidGoAway = true;
    this.refuseStreams();
    this.#output.control(YamuxFrameType.GoAway, 0, 0, GoAwayCode.Normal);
  }

  /**
   * Ends the session in order: no new streams, what was written is sent, then the connection is
   * closed, as in Gitaly without a GoAway. Waits at most `connectionWriteTimeoutMs` for a peer that
   * takes nothing. Idempotent; resolves when the socket is closed, never rejects.
   */
  close(): Promise<void> {
    this.#closing ??= this.#startClosing();
    return this.#closing;
  }

  /** Ends the session at once; streams fail with `error`, unsent data is lost. Idempotent. */
  destroy(error?: Error): void {
    this.#terminate(error ?? sessionClosed());
    this.#socket.destroy();
  }

  readonly #bytesTaken = (): number => this.#output.bytesTaken;

  readonly #look = (): LinkState => ({
    received: this.#bytesReceived,
    taken: this.#output.bytesTaken,
    waiting: this.#socket.writableLength,
  });

  /** Milliseconds without progress after which a closing session gives up. */
  get #stallMs(): number {
    return this.#config.connectionWriteTimeoutMs || CLOSE_TIMEOUT_MS;
  }

  #startClosing(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      this.#refusesStreams = true;
      this.#opens.close(sessionClosed());
      this.#accepts.close(sessionClosed());
      // Gives up on a peer that takes nothing; one that is only slow gets all the time it needs.
      this.#stopClosing = watchProgress(this.#bytesTaken, this.#stallMs, () =>
        this.#terminate(undefined),
      );
      // Writes made just before reach their streams within this turn.
      process.nextTick(() => this.#finishClosing());
    }
    return this.#socketClosed;
  }

  #finishClosing(): void {
    if (this.#state !== 'closing') return;
    for (const stream of this.#streams.values()) {
      if (!stream.flushed) return;
    }
    this.#terminate(undefined);
  }

  /**
   * The one way out. `error` undefined is an orderly end; with a `goAwayCode` the peer is told why.
   * The socket is ended rather than destroyed where the peer has something left to read, and with
   * `keepUnread` so are streams where the application has.
   */
  #terminate(error: Error | undefined, goAwayCode?: GoAwayCode, keepUnread = false): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#stopClosing?.();
    this.#stallWatch.stop();
    this.#stopKeepAlive();
    this.#parser.stop();

    const reason = error ?? sessionClosed();
    this.#opens.close(reason);
    this.#accepts.close(reason);
    this.#pings.rejectAll(reason);
    for (const stream of this.#streams.values()) stream.sessionEnded(reason, keepUnread);

    if (error === undefined || goAwayCode !== undefined) {
      if (goAwayCode !== undefined) this.#output.control(YamuxFrameType.GoAway, 0, 0, goAwayCode);
      this.#output.end();
      linger(this.#socket, this.#bytesTaken, this.#stallMs);
    } else {
      this.#output.discard();
      this.#socket.destroy();
    }
    this.emit('close', error);
  }

  // ---- The socket

  #attach(): InputTurns {
    const socket = this.#socket;
    return InputTurns.begin(socket, {
      read: (chunk, start, time) => {
        const end = this.#parser.push(chunk, start, time);
        this.#bytesReceived += end - start;
        return end;
      },
      onEnd: () => {
        if (this.#state === 'closed') socket.destroy();
        else this.#endOfInput();
      },
      onError: (error) => this.#terminate(error, undefined, true),
      onClose: () => this.#endOfInput(),
    });
  }

  #endOfInput(): void {
    const error = this.#parser.insideFrame
      ? new YamuxError('ERR_YAMUX_UNEXPECTED_EOF', 'the connection ended inside a yamux frame')
      : new YamuxError('ERR_YAMUX_SESSION_CLOSED', 'the connection was closed');
    this.#terminate(error, undefined, true);
  }

  #onStall(): void {
    this.#terminate(
      new YamuxError(
        'ERR_YAMUX_WRITE_TIMEOUT',
        `nothing could be sent for ${this.#config.connectionWriteTimeoutMs} ms`,
      ),
    );
  }

  #startKeepAlive(): () => void {
    const { keepAlive, keepAliveIntervalMs } = this.#config;
    if (!keepAlive) return () => {};
    return startKeepAlive({
      intervalMs: keepAliveIntervalMs,
      look: this.#look,
      ping: () => this.#pings.send(),
      onDead: () =>
        this.#terminate(
          new YamuxError('ERR_YAMUX_KEEPALIVE_TIMEOUT', 'the peer did not answer a keepalive ping'),
        ),
    });
  }

  // ---- Streams

  #openStream(): YamuxStream {
    const id = this.#nextStreamId;
    if (id >= MAX_UINT32 - 1) {
      throw new YamuxError(
        'ERR_YAMUX_STREAMS_EXHAUSTED',
        'all stream ids of this session are used up; open a new session',
      );
    }
    this.#nextStreamId = id + 2;
    const stream = this.#createStream(id, INITIAL_WINDOW);
    stream.announce(YamuxFlag.Syn);
    this.#host.abuse.creditOpenedStream();
    return stream;
  }

  #createStream(id: number, sendWindow: number): YamuxStream {
    const stream = new YamuxStream(this.#host, id, sendWindow);
    this.#streams.set(id, stream);
    return stream;
  }

  /** Whether the peer can be promised the window of one more stream. */
  get #hasRoom(): boolean {
    return this.#windowBudget.has(INITIAL_WINDOW);
  }

  #isOfPeer(id: number): boolean {
    return id % 2 !== this.#nextStreamId % 2;
  }

  /** Whether a stream that the peer opens now is to be reset. */
  get #refusesInbound(): boolean {
    const isFull = this.#inboundCount >= this.#config.maxInboundStreams;
    return this.#refusesStreams || isFull || !this.#hasRoom;
  }

  #forget(stream: YamuxStream): void {
    if (this.#streams.get(stream.id) !== stream) return;
    this.#streams.delete(stream.id);
    if (this.#isOfPeer(stream.id)) this.#inboundCount -= 1;
    this.#opens.release(stream.id);
    this.#accepts.withdraw(stream);
    if (this.#state === 'closing') process.nextTick(() => this.#finishClosing());
  }
}

function sessionClosed(): YamuxError {
  return new YamuxError('ERR_YAMUX_SESSION_CLOSED', 'the session is closed');
}
