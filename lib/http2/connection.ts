import type { Duplex } from 'node:stream';
import {
  InputTurns,
  RoundTrip,
  type LinkState,
  type ReadingTime,
  type SharedLink,
} from '../wire/index.js';
import type { Http2ConnectionEvents } from './connection-events.js';
import { verifyHttp2Options, type Http2ConnectionOptions } from './connection-options.js';
import type { ConnectionParts } from './connection-parts.js';
import { ConnectionUser } from './connection-user.js';
import { ConnectionWindow } from './connection-window.js';
import { Http2Error, http2Error } from './errors.js';
import { CONNECTION_PREFACE, ErrorCode, Http2FrameType } from './frame.js';
import { Http2FrameOutput } from './frame-output.js';
import { Http2FrameParser } from './frame-parser.js';
import { GracefulGoAway } from './graceful-go-away.js';
import { HeaderOutput } from './header-output.js';
import { PeerAccounts } from './peer-accounts.js';
import { Http2AbuseGuard } from './abuse-guard.js';
import { PeerWords } from './peer-words.js';
import { Http2Pings } from './pings.js';
import { SettingsExchange } from './settings-exchange.js';
import { Http2Stream } from './stream.js';
import type { Http2StreamHost } from './stream-host.js';
import type { StreamListener } from './stream-listener.js';
import { StreamTable } from './stream-table.js';
import { StreamWindows } from './stream-windows.js';

/** Which end of the connection this side is: the client opens streams. */
export type Http2Role = 'client' | 'server';

/**
 * Bytes of headers that peers take at least, if they do not say how many. nghttp2, and with it
 * `node:http2` and grpc-js, ends the connection for a longer value.
 */
const MAX_HEADER_LIST_OF_NODE = 64 * 1024;

/** Share of the room for frames other than DATA that one header list may take. */
const HEADERS_SHARE = 1 / 2;
/** Share of that room that one list of trailers may take while the socket is full. */
const TRAILERS_SHARE = 1 / 64;
/** Bytes that a list of trailers may have in any case. */
const LEAST_TRAILERS = 256;

/** Milliseconds that a peer has to read what was said last, and to close its end. */
const LAST_WORDS_MS = 1000;

/**
 * One HTTP/2 connection over any byte stream (RFC 9113, without push): streams, flow control and what
 * a peer may and may not do. A peer that breaks the rules costs only this connection, or only the stream.
 *
 * It owns the socket from construction on.
 */
export class Http2Connection implements Http2StreamHost {
  readonly output: Http2FrameOutput;
  /** @internal */
  readonly abuse: Http2AbuseGuard;
  readonly #socket: Duplex;
  readonly #role: Http2Role;
  readonly #parts: ConnectionParts;
  readonly #streams: StreamTable;
  readonly #parser: Http2FrameParser;
  /** `draining`: no new streams, either side having said GOAWAY; closes with the last stream. */
  #state: 'open' | 'draining' | 'closed' = 'open';

  /**
   * @param accounts - what the peer has used of its limits, if it has other connections with the same
   * options. Default: nothing.
   * @throws Http2OptionError naming a bad option; then the socket is as it was.
   */
  constructor(
    socket: Duplex,
    role: Http2Role,
    events: Http2ConnectionEvents,
    options: Partial<Http2ConnectionOptions> = {},
    accounts?: PeerAccounts,
  ) {
    this.#socket = socket;
    this.#role = role;
    this.#parts = this.#createParts(verifyHttp2Options(options), events, accounts);
    this.output = this.#parts.output;
    this.abuse = this.#parts.abuse;
    this.#streams = this.#parts.streams;
    this.#parser = new Http2FrameParser(
      this.#createPeerWords().createReceiver(),
      role === 'server',
    );
    this.#greet();
    InputTurns.begin(socket, {
      read: (chunk, start, time) => this.#receive(chunk, start, time),
      onEnd: () => this.#endOfInput(),
      onError: (error) => this.#terminate(error, false),
      onClose: () => this.#endOfInput(),
    });
  }

  /** Streams that are not over. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Bytes that were written to streams and wait for the peer to take them. */
  get unsentBytes(): number {
    return this.output.waiting;
  }

  /** What can be seen of the link to the peer; see `LinkWatch`. */
  get link(): LinkState {
    const { progress, isUnfinished } = this.#parser;
    const { receivedByOthers = 0 } = this.#socket as Partial<SharedLink>;
    return {
      received: progress + receivedByOthers,
      taken: this.output.bytesTaken,
      waiting: this.#socket.writableLength,
      unfinished: isUnfinished ? progress : 0,
    };
  }

  /** Whether `request()` would succeed now. */
  get hasRoom(): boolean {
    return (
      this.#state === 'open' &&
      !this.#parts.gracefulGoAway.begun &&
      this.#streams.size < this.#parts.settings.peer.maxConcurrentStreams
    );
  }

  /**
   * Bytes of the largest header list that is to be sent now, as RFC 9113, 6.5.2 counts them: larger ones
   * would be refused by the peer, or would end the connection.
   */
  get maxSentHeaderListSize(): number {
    const { options, settings, output } = this.#parts;
    const { maxHeaderListSize } = settings.peer;
    const isUnknown = maxHeaderListSize === Infinity;
    const taken = isUnknown
      ? Math.max(options.maxHeaderListSize, MAX_HEADER_LIST_OF_NODE)
      : maxHeaderListSize;
    return Math.min(taken, output.roomLeft * HEADERS_SHARE);
  }

  /** @internal Bytes of the largest list of trailers; it should leave room for those of many other streams. */
  get maxSentTrailersSize(): number {
    const room = this.output.roomLeft * (this.output.full ? TRAILERS_SHARE : HEADERS_SHARE);
    return Math.min(this.maxSentHeaderListSize, Math.max(LEAST_TRAILERS, room));
  }

  /**
   * Opens a stream and sends the headers of its request.
   *
   * @throws Http2Error if there is no room; see `hasRoom` and `onRoom`.
   * @throws HpackError for a character that no header can have; then nothing was sent.
   */
  request(headers: readonly string[], listener: StreamListener, endStream = false): Http2Stream {
    if (!this.hasRoom) {
      const message = 'the connection takes no new streams';
      throw new Http2Error('stream', ErrorCode.RefusedStream, message);
    }
    const stream = this.#createStream(this.#streams.nextId);
    stream.listener = listener;
    try {
      stream.sendHeaders(headers, endStream);
    } catch (error) {
      this.#streams.delete(stream.id);
      throw error;
    }
    this.#streams.useNextId();
    if (this.#streams.exhausted) this.goAway();
    return stream;
  }

  /**
   * Asks the peer for a sign of life; resolves with the round trip in milliseconds.
   *
   * @throws Error (as a rejection) when the connection ends first.
   */
  ping(): Promise<number> {
    if (this.#state === 'closed') return Promise.reject(closedError());
    return this.#parts.pings.send();
  }

  /**
   * Takes no new streams; those under way go on, and with the last of them the connection ends. In two
   * steps, so that no request is lost that was on its way (RFC 9113, 6.8).
   *
   * @param message - the debug data: for humans, or a word that gRPC has agreed upon. Default: none.
   */
  goAway(message?: string): void {
    if (this.#state !== 'closed') this.#parts.gracefulGoAway.begin(message);
  }

  /**
   * Ends the connection at once because this side has decided so, and tells the peer why by GOAWAY:
   * streams fail, and nothing more is read. Idempotent.
   *
   * @param message - the debug data, cut after 1024 bytes.
   */
  dismiss(code: number, message: string): void {
    if (this.#state === 'closed') return;
    this.#parts.gracefulGoAway.fail(code, message);
    this.#terminate(closedError(), true);
  }

  /** Ends the connection at once; streams fail with `error`, and so does the socket. Idempotent. */
  destroy(error?: Error): void {
    this.#terminate(error ?? closedError(), false, error);
  }

  // ---- What streams need

  /** @internal */
  get peerMaxFrameSize(): number {
    return this.#parts.settings.peer.maxFrameSize;
  }

  /** @internal */
  get sendHighWaterMark(): number {
    return this.#parts.options.sendHighWaterMark;
  }

  /** @internal @throws HpackError for a character that no header can have. */
  sendHeaders(streamId: number, headers: readonly string[], endStream: boolean): void {
    this.#parts.headers.write(streamId, headers, endStream, this.peerMaxFrameSize);
  }

  /** @internal */
  consumed(bytes: number): void {
    this.#credit(this.#parts.window.consumed(bytes));
  }

  /** @internal */
  rememberReset(id: number): void {
    this.#streams.rememberReset(id);
    if (this.#streams.isOurs(id)) this.abuse.expectLateHeaders();
  }

  /** @internal */
  chargeRefusal(id: number): void {
    if (!this.#streams.isOurs(id)) this.abuse.chargeReset();
  }

  /** @internal */
  forget(stream: Http2Stream, finished: boolean): void {
    this.#streams.delete(stream.id);
    this.#parts.streamWindows.adapt();
    if (finished) this.abuse.refundReset();
  }

  /** @internal */
  afterClose(): void {
    if (this.#state === 'open') this.#parts.user.room();
    // What the peer has sent with the end of the last stream is still to be read.
    else if (this.#state === 'draining') process.nextTick(() => this.#closeIfDrained());
  }

  // ---- Its parts

  #createParts(
    options: Http2ConnectionOptions,
    events: Http2ConnectionEvents,
    accounts = new PeerAccounts(options, this.#role === 'client'),
  ): ConnectionParts {
    const isClient = this.#role === 'client';
    const output = new Http2FrameOutput(this.#socket, options.maxQueuedBytes, {
      onOverflow: () =>
        this.#fail(ErrorCode.EnhanceYourCalm, 'too many frames wait for the peer to take them'),
    });
    const pings = new Http2Pings(output);
    const streams = new StreamTable(this.#role, accounts);
    const settings = new SettingsExchange(options, isClient, () => streamWindows.adapt());
    const streamWindows = new StreamWindows(options, accounts, new RoundTrip(() => pings.send()), {
      streams,
      canAnnounce: () => this.#state !== 'closed' && settings.canChangeWindow,
      announce: (from, to) => settings.changeWindow(output, from, to),
    });
    return {
      options,
      output,
      pings,
      user: new ConnectionUser(events),
      headers: new HeaderOutput(output, options.varyingHeaders),
      streams,
      window: new ConnectionWindow(options, accounts.unread, (bytes) => this.#credit(bytes)),
      streamWindows,
      settings,
      abuse: new Http2AbuseGuard(accounts, (code, message) => this.#fail(code, message)),
      gracefulGoAway: new GracefulGoAway(
        output,
        pings,
        !isClient,
        () => settings.acknowledged,
        () => {
          this.#drain();
          this.#closeIfDrained();
        },
      ),
    };
  }

  #createPeerWords(): PeerWords {
    const hasRoom = (): boolean => this.hasRoom;
    return new PeerWords(this.#parts, {
      isServer: this.#role === 'server',
      get hasRoom() {
        return hasRoom();
      },
      createStream: (id) => this.#createStream(id),
      consumed: (bytes) => this.consumed(bytes),
      drain: () => this.#drain(),
      closeIfDrained: () => this.#closeIfDrained(),
      refused: (code, message) =>
        this.#terminate(http2Error('connection', code, message, true), true),
      fail: (code, message) => this.#fail(code, message),
    });
  }

  #createStream(id: number): Http2Stream {
    const { streamWindows } = this.#parts;
    const stream = new Http2Stream(this, id, streamWindows.create());
    this.#streams.add(stream);
    streamWindows.adapt();
    return stream;
  }

  // ---- The end

  #drain(): void {
    if (this.#state === 'open') this.#state = 'draining';
  }

  #closeIfDrained(): void {
    if (this.#state === 'draining' && this.#streams.size === 0) this.#terminate(undefined, true);
  }

  #fail(code: ErrorCode, message: string): void {
    if (this.#state === 'closed') return;
    this.#parts.gracefulGoAway.fail(code, message);
    this.#terminate(http2Error('connection', code, message), true);
  }

  /**
   * The one way out. With `inOrder` what was written is sent before the socket is ended.
   *
   * @param socketError - what who owns what is below the socket is to know of it.
   */
  #terminate(error: Error | undefined, inOrder: boolean, socketError?: Error): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#parser.stop();
    const { settings, pings, user, window } = this.#parts;
    settings.stop();
    const reason = error ?? closedError();
    pings.rejectAll(reason);
    const streamReason = asHttp2Error(reason);
    let unwanted = 0;
    for (const stream of this.#streams.all()) {
      if (!this.#streams.isOurs(stream.id) && !stream.isWanted) unwanted += 1;
      stream.abort(streamReason);
    }
    window.close();
    if (inOrder) {
      this.output.end();
      const timer = setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS).unref();
      this.#socket.once('close', () => clearTimeout(timer));
    } else {
      this.output.discard();
      this.#socket.destroy(socketError);
    }
    // A connection that ends is one way to give all of its streams up at once; peers can make another.
    const isTooMuch = !this.abuse.chargeResets(unwanted);
    user.close(isTooMuch ? tooManyGivenUp() : error);
  }

  // ---- The socket

  /** What each side says first (RFC 9113, 3.4). */
  #greet(): void {
    const { output, settings, window } = this.#parts;
    if (this.#role === 'client') output.raw(CONNECTION_PREFACE);
    settings.send(output, () =>
      this.#fail(ErrorCode.SettingsTimeout, 'the peer did not acknowledge our settings'),
    );
    this.#credit(window.announce());
  }

  #credit(bytes: number): void {
    if (bytes > 0) this.output.numberFrame(Http2FrameType.WindowUpdate, 0, bytes);
  }

  #receive(chunk: Buffer, start: number, time: ReadingTime): number {
    const end = this.#parser.push(chunk, start, time);
    this.#credit(this.#parts.window.afterChunk());
    return end;
  }

  #endOfInput(): void {
    if (this.#state === 'closed') this.#socket.destroy();
    else if (this.#streams.size === 0) this.#terminate(undefined, true);
    else this.#terminate(closedError(), false);
  }
}

function closedError(): Http2Error {
  return http2Error('connection', ErrorCode.NoError, 'the connection was closed');
}

function tooManyGivenUp(): Http2Error {
  const message = 'too many streams that were given up at once, or refused';
  return http2Error('connection', ErrorCode.EnhanceYourCalm, message);
}

function asHttp2Error(cause: Error): Http2Error {
  if (cause instanceof Http2Error) return cause;
  const { message } = cause;
  return http2Error('connection', ErrorCode.InternalError, message, false, { cause });
}
