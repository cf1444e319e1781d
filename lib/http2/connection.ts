import type { Duplex } from 'node:stream';
import {
  destroyAfter,
  InputTurns,
  type InputReader,
  LINGER_MS,
  type LinkState,
  type ReadingTime,
  type SharedLink,
} from '../wire/index.js';
import { ConnectionContext, type ConnectionLifecycle } from './connection-context.js';
import type { Http2ConnectionEvents } from './connection-events.js';
import { verifyHttp2Options, type Http2ConnectionOptions } from './connection-options.js';
import { Http2Error, http2Error } from './protocol/errors.js';
import { CONNECTION_PREFACE, ErrorCode } from './protocol/frame.js';
import { Http2FrameParser } from './inbound/frame-parser.js';
import { Http2FrameReceiver } from './inbound/frame-receiver.js';
import { PeerAccounts } from './peer-accounts.js';
import type { Http2Role } from './protocol/role.js';
import type { Http2Stream } from './stream/stream.js';
import type { StreamListener } from './stream/stream-listener.js';

/**
 * One HTTP/2 connection over any byte stream (RFC 9113, without push): streams, flow control and limits
 * for the peer. A violation of the peer ends only this connection, or only the stream.
 *
 * The connection owns the socket from construction on.
 */
export class Http2Connection {
  readonly #socket: Duplex;
  readonly #role: Http2Role;
  readonly #context: ConnectionContext;
  readonly #parser: Http2FrameParser;

  /**
   * @param accounts - shared by all connections of one peer; they must have the same options. Default:
   * accounts of this connection alone.
   * @throws Http2OptionError naming a bad option; the socket is then untouched.
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
    const inside = new Http2Connection.#Inside(this);
    this.#context = new ConnectionContext(
      socket,
      role,
      inside,
      events,
      verified,
      accounts ?? new PeerAccounts(verified, role === 'client'),
    );
    this.#parser = new Http2FrameParser(new Http2FrameReceiver(this.#context), role === 'server');
    this.#greet();
    InputTurns.begin(socket, inside);
  }

  /** Open streams, opened by either side. */
  get streamCount(): number {
    return this.#context.streams.size;
  }

  /** Bytes of DATA queued in the streams, waiting for a window or for the socket. */
  get unsentBytes(): number {
    return this.#context.output.waiting;
  }

  /** Progress of the link to the peer, for `LinkWatch`. */
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

  /** Whether the SETTINGS of the peer have arrived. A client may send requests before. */
  get isReady(): boolean {
    return this.#context.settings.received;
  }

  /** Whether `request()` would succeed now. */
  get hasRoom(): boolean {
    return this.#context.hasRoom;
  }

  /**
   * Largest header list that may be sent now, in bytes as RFC 9113, 6.5.2 counts them. The peer would
   * refuse a larger one or end the connection.
   */
  get maxSentHeaderListSize(): number {
    return this.#context.maxSentHeaderListSize;
  }

  /**
   * Opens a stream and sends the headers of its request.
   *
   * @throws Http2Error if there is no room; see `hasRoom` and `onRoom`.
   * @throws HpackError for a character above 0xff; nothing is sent then.
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
   * Sends a PING. Resolves with the round-trip time in milliseconds.
   *
   * @throws Error (as a rejection) if the connection ends before the answer.
   */
  ping(): Promise<number> {
    if (this.#context.state === 'closed') return Promise.reject(closedError());
    return this.#context.pings.send();
  }

  /**
   * Shuts down gracefully: no new streams begin, and the connection ends with the last open one.
   * A server sends GOAWAY in two steps, so that no request in transit is lost (RFC 9113, 6.8).
   *
   * @param message - the debug data: for humans, or a keyword of gRPC, such as `max_age`. Default: none.
   */
  goAway(message?: string): void {
    if (this.#context.state !== 'closed') this.#context.gracefulGoAway.begin(message);
  }

  /**
   * Ends the connection at once and sends the reason by GOAWAY. Open streams fail, and nothing more is
   * read. Idempotent.
   *
   * @param message - the debug data, truncated to 1024 bytes.
   */
  dismiss(code: number, message: string): void {
    if (this.#context.state === 'closed') return;
    this.#context.gracefulGoAway.fail(code, message);
    this.#terminate(closedError(), true);
  }

  /** Ends the connection at once, without GOAWAY; streams and socket fail with `error`. Idempotent. */
  destroy(error?: Error): void {
    this.#terminate(error ?? closedError(), false, error);
  }

  /** The connection as its parts and its input see it: one object in place of a closure for each method. */
  static readonly #Inside = class implements ConnectionLifecycle, InputReader {
    constructor(private readonly connection: Http2Connection) {}

    drain(): void {
      const context = this.connection.#context;
      if (context.state === 'open') context.state = 'draining';
    }

    closeIfDrained(): void {
      const { streams, state } = this.connection.#context;
      if (state === 'draining' && streams.size === 0) this.connection.#terminate(undefined, true);
    }

    fail(code: ErrorCode, message: string): void {
      this.connection.#fail(code, message);
    }

    refused(code: number, message: string): void {
      this.connection.#terminate(http2Error('connection', code, message, true), true);
    }

    read(chunk: Buffer, start: number, time: ReadingTime): number {
      const context = this.connection.#context;
      const end = this.connection.#parser.push(chunk, start, time);
      context.credit(context.window.afterChunk());
      return end;
    }

    onEnd(): void {
      const { streams, state } = this.connection.#context;
      if (state === 'closed') this.connection.#socket.destroy();
      else if (streams.size === 0) this.connection.#terminate(undefined, true);
      else this.connection.#terminate(closedError(), false);
    }

    onError(error: Error): void {
      this.connection.#terminate(error, false);
    }

    onClose(): void {
      this.onEnd();
    }
  };

  // ---- End of the connection

  #fail(code: ErrorCode, message: string): void {
    if (this.#context.state === 'closed') return;
    this.#context.gracefulGoAway.fail(code, message);
    this.#terminate(http2Error('connection', code, message), true);
  }

  /**
   * Ends the connection; every end goes through here.
   *
   * @param inOrder - whether written frames are sent before the socket is ended.
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
    // Without this charge, a peer could cancel all of its streams for free by reconnecting.
    const isTooMuch = !abuse.chargeResets(unwanted);
    user.close(isTooMuch ? tooManyGivenUp() : error);
  }

  // ---- The socket

  /** Sends the connection preface of this side (RFC 9113, 3.4) and the initial credit. */
  #greet(): void {
    const { output, settings, window } = this.#context;
    if (this.#role === 'client') output.raw(CONNECTION_PREFACE);
    settings.send(output, () =>
      this.#fail(ErrorCode.SettingsTimeout, 'the peer did not acknowledge our settings'),
    );
    this.#context.credit(window.announce());
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
