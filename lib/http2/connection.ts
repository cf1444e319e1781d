import type { Duplex } from 'node:stream';
import {
  destroyAfter,
  InputTurns,
  LINGER_MS,
  type LinkState,
  type ReadingTime,
  type SharedLink,
} from '../wire/index.js';
import { ConnectionContext, type ConnectionLifecycle } from './connection-context.js';
import type { Http2ConnectionEvents } from './connection-events.js';
import { verifyHttp2Options, type Http2ConnectionOptions } from './connection-options.js';
import { Http2Error, http2Error } from './errors.js';
import { CONNECTION_PREFACE, ErrorCode } from './frame.js';
import { Http2FrameParser } from './inbound/frame-parser.js';
import { Http2FrameReceiver } from './inbound/frame-receiver.js';
import { PeerAccounts } from './peer-accounts.js';
import type { Http2Role } from './role.js';
import type { Http2Stream } from './stream.js';
import type { StreamListener } from './stream-listener.js';

/**
 * One HTTP/2 connection over any byte stream (RFC 9113, without push): streams, flow control and what
 * a peer may and may not do. A peer that breaks the rules costs only this connection, or only the stream.
 *
 * It owns the socket from construction on.
 */
export class Http2Connection {
  readonly #socket: Duplex;
  readonly #role: Http2Role;
  readonly #context: ConnectionContext;
  readonly #parser: Http2FrameParser;

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
    const verified = verifyHttp2Options(options);
    this.#socket = socket;
    this.#role = role;
    this.#context = new ConnectionContext(
      socket,
      role,
      this.#createLifecycle(),
      events,
      verified,
      accounts ?? new PeerAccounts(verified, role === 'client'),
    );
    this.#parser = new Http2FrameParser(new Http2FrameReceiver(this.#context), role === 'server');
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
    return this.#context.streams.size;
  }

  /** Bytes that were written to streams and wait for the peer to take them. */
  get unsentBytes(): number {
    return this.#context.output.waiting;
  }

  /** What can be seen of the link to the peer; see `LinkWatch`. */
  get link(): LinkState {
    const { progress, isUnfinished } = this.#parser;
    const { receivedByOthers = 0 } = this.#socket as Partial<SharedLink>;
    return {
      received: progress + receivedByOthers,
      taken: this.#context.output.bytesTaken,
      waiting: this.#socket.writableLength,
      unfinished: isUnfinished ? progress : 0,
    };
  }

  /** Whether `request()` would succeed now. */
  get hasRoom(): boolean {
    return this.#context.hasRoom;
  }

  /**
   * Bytes of the largest header list that is to be sent now, as RFC 9113, 6.5.2 counts them: larger ones
   * would be refused by the peer, or would end the connection.
   */
  get maxSentHeaderListSize(): number {
    return this.#context.maxSentHeaderListSize;
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
    const { streams } = this.#context;
    const stream = this.#context.createStream(streams.nextId);
    stream.listener = listener;
    try {
      stream.sendHeaders(headers, endStream);
    } catch (error) {
      streams.delete(stream.id);
      throw error;
    }
    streams.useNextId();
    if (streams.exhausted) this.goAway();
    return stream;
  }

  /**
   * Asks the peer for a sign of life; resolves with the round trip in milliseconds.
   *
   * @throws Error (as a rejection) when the connection ends first.
   */
  ping(): Promise<number> {
    if (this.#context.state === 'closed') return Promise.reject(closedError());
    return this.#context.pings.send();
  }

  /**
   * Takes no new streams; those under way go on, and with the last of them the connection ends. In two
   * steps, so that no request is lost that was on its way (RFC 9113, 6.8).
   *
   * @param message - the debug data: for humans, or a word that gRPC has agreed upon. Default: none.
   */
  goAway(message?: string): void {
    if (this.#context.state !== 'closed') this.#context.gracefulGoAway.begin(message);
  }

  /**
   * Ends the connection at once because this side has decided so, and tells the peer why by GOAWAY:
   * streams fail, and nothing more is read. Idempotent.
   *
   * @param message - the debug data, cut after 1024 bytes.
   */
  dismiss(code: number, message: string): void {
    if (this.#context.state === 'closed') return;
    this.#context.gracefulGoAway.fail(code, message);
    this.#terminate(closedError(), true);
  }

  /** Ends the connection at once; streams fail with `error`, and so does the socket. Idempotent. */
  destroy(error?: Error): void {
    this.#terminate(error ?? closedError(), false, error);
  }

  #createLifecycle(): ConnectionLifecycle {
    return {
      drain: () => this.#drain(),
      closeIfDrained: () => this.#closeIfDrained(),
      fail: (code, message) => this.#fail(code, message),
      refused: (code, message) =>
        this.#terminate(http2Error('connection', code, message, true), true),
    };
  }

  // ---- The end

  #drain(): void {
    if (this.#context.state === 'open') this.#context.state = 'draining';
  }

  #closeIfDrained(): void {
    if (this.#context.state === 'draining' && this.streamCount === 0)
      this.#terminate(undefined, true);
  }

  #fail(code: ErrorCode, message: string): void {
    if (this.#context.state === 'closed') return;
    this.#context.gracefulGoAway.fail(code, message);
    this.#terminate(http2Error('connection', code, message), true);
  }

  /**
   * The one way out. With `inOrder` what was written is sent before the socket is ended.
   *
   * @param socketError - reported to the owner of the underlying transport.
   */
  #terminate(error: Error | undefined, inOrder: boolean, socketError?: Error): void {
    if (this.#context.state === 'closed') return;
    this.#context.state = 'closed';
    this.#parser.stop();
    const { settings, pings, user, window, streams, output, abuse } = this.#context;
    settings.stop();
    const reason = error ?? closedError();
    pings.rejectAll(reason);
    const streamReason = asHttp2Error(reason);
    let unwanted = 0;
    for (const stream of streams.all()) {
      if (!streams.isOurs(stream.id) && !stream.isWanted) unwanted += 1;
      stream.abort(streamReason);
    }
    window.close();
    if (inOrder) {
      output.end();
      destroyAfter(this.#socket, LINGER_MS);
    } else {
      output.discard();
      this.#socket.destroy(socketError);
    }
    // A connection that ends is one way to give all of its streams up at once; peers can make another.
    const isTooMuch = !abuse.chargeResets(unwanted);
    user.close(isTooMuch ? tooManyGivenUp() : error);
  }

  // ---- The socket

  /** What each side says first (RFC 9113, 3.4). */
  #greet(): void {
    const { output, settings, window } = this.#context;
    if (this.#role === 'client') output.raw(CONNECTION_PREFACE);
    settings.send(output, () =>
      this.#fail(ErrorCode.SettingsTimeout, 'the peer did not acknowledge our settings'),
    );
    this.#context.credit(window.announce());
  }

  #receive(chunk: Buffer, start: number, time: ReadingTime): number {
    const end = this.#parser.push(chunk, start, time);
    this.#context.credit(this.#context.window.afterChunk());
    return end;
  }

  #endOfInput(): void {
    if (this.#context.state === 'closed') this.#socket.destroy();
    else if (this.streamCount === 0) this.#terminate(undefined, true);
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
