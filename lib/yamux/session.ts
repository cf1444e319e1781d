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
import { sessionClosed, YamuxError } from './errors.js';
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

/** Milliseconds without progress after which `close()` gives up, if there is no write timeout. */
const CLOSE_TIMEOUT_MS = 10_000;

/** Share of `maxSessionWindowSize` that growing windows leave to new streams. */
const RESERVE_FOR_NEW_STREAMS = 1 / 8;

/**
 * One yamux session over any reliable byte stream, compatible with hashicorp/yamux.
 *
 * - Both sides open streams with `open()` and accept them with `accept()` or `onStream()`.
 * - Streams do not block each other, and writing does not block reading, unless more than 16384
 *   control frames wait for a full socket.
 * - A protocol violation of the peer ends only this session: a GoAway reports it, all streams fail
 *   with the same `YamuxError`, and the socket is closed.
 * - Emits `'close'` exactly once, with the reason unless `close()` was orderly; never `'error'`.
 *   `closed` reports the same as a promise.
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

  /** `closing`: `close()` waits until data is sent. `closed`: ended for users; the socket may linger. */
  #state: 'open' | 'closing' | 'closed' = 'open';
  #closing: Promise<void> | undefined;
  #stopClosing: (() => void) | undefined;
  #refusesStreams = false;
  #hasSaidGoAway = false;
  #nextStreamId: number;
  #inboundCount = 0;
  #bytesReceived = 0;

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
    this.#nextStreamId = nextStreamId;
    this.closed = new Promise((resolve) => this.once('close', resolve));
    this.#socketClosed = socket.closed
      ? Promise.resolve()
      : new Promise((resolve) => socket.once('close', () => resolve()));
    this.#stallWatch = new StallWatch(this.#look, this.#config.connectionWriteTimeoutMs, (error) =>
      this.#terminate(error),
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

  /** Number of streams that are neither reset nor ended by both sides. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /**
   * Opens a stream, which can be written to at once. Waits only while `acceptBacklog` streams are
   * unacknowledged, or while `maxSessionWindowSize` has no room.
   *
   * @throws YamuxError (as a rejection) `ERR_YAMUX_SESSION_CLOSED`, `ERR_YAMUX_REMOTE_GOAWAY` or
   * `ERR_YAMUX_STREAMS_EXHAUSTED`, or the error that ended the session.
   */
  open(): Promise<YamuxStream> {
    return this.#opens.request();
  }

  /**
   * Accepts the next inbound stream.
   *
   * @throws YamuxError, or an error of the socket, (as a rejection) if the session ends first.
   */
  accept(): Promise<YamuxStream> {
    return this.#accepts.accept();
  }

  /**
   * Accepts every inbound stream from now on and passes it to `handler`, beginning with those that
   * wait. If the handler throws, the stream is reset.
   */
  onStream(handler: (stream: YamuxStream) => void): void {
    this.#accepts.onStream(handler);
  }

  /**
   * Pings the peer. Resolves with the round-trip time in milliseconds.
   *
   * @throws YamuxError (as a rejection) `ERR_YAMUX_PING_TIMEOUT` after `connectionWriteTimeoutMs`,
   * `ERR_YAMUX_SESSION_CLOSED`, or the error that ended the session.
   */
  ping(): Promise<number> {
    if (this.#state === 'closed') return Promise.reject(sessionClosed());
    return this.#pings.send();
  }

  /** Resets all streams that the peer opens from now on, at almost no cost. Everything else continues. */
  refuseStreams(): void {
    this.#refusesStreams = true;
  }

  /** Sends a GoAway, and resets all streams that the peer opens afterwards. Everything else continues. */
  goAway(): void {
    if (this.#hasSaidGoAway || this.#state !== 'open') return;
    this.#hasSaidGoAway = true;
    this.refuseStreams();
    this.#output.control(YamuxFrameType.GoAway, 0, 0, GoAwayCode.Normal);
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
      // Gives up if the network takes nothing. A slow peer gets the time that it needs.
      this.#stopClosing = watchProgress(this.#bytesTaken, this.#stallMs, () =>
        this.#terminate(undefined),
      );
      // Data written just before `close()` reaches its stream in the current tick.
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
   * Ends the session; the only way to `closed`. Without `error` the end is orderly; a `goAwayCode` is
   * sent to the peer. In both cases the socket is ended, not destroyed, so that the peer can read the
   * rest. With `keepUnread`, received data stays readable.
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

  #startKeepAlive(): () => void {
    const { keepAlive, keepAliveIntervalMs } = this.#config;
    if (!keepAlive) return () => {};
    return startKeepAlive({
      intervalMs: keepAliveIntervalMs,
      look: this.#look,
      ping: () => this.#pings.send(),
      onDead: (error) => this.#terminate(error),
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

  /** Whether the budget has room for the window of one more stream. */
  get #hasRoom(): boolean {
    return this.#windowBudget.has(INITIAL_WINDOW);
  }

  #isOfPeer(id: number): boolean {
    return id % 2 !== this.#nextStreamId % 2;
  }

  /** Whether to reset a stream that the peer opens now. */
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
