import type { Duplex } from 'node:stream';
import {
  ReceiveWindow,
  RoundTrip,
  WindowBudget,
  type WindowLimits,
} from '../flow-control/index.js';
import { DEFAULT_HTTP2_OPTIONS, type Http2ConnectionOptions } from './connection-options.js';
import { Http2Error } from './errors.js';
import {
  CONNECTION_PREFACE,
  DEFAULT_WINDOW_SIZE,
  ErrorCode,
  Flag,
  FrameType,
  MAX_WINDOW_SIZE,
} from './frame.js';
import { FloodGuard, STREAM_COST } from './flood-guard.js';
import { FrameOutput, type FrameSource } from './frame-output.js';
import { FrameParser } from './frame-parser.js';
import { FrameReceiver, type FrameReceiverHost } from './frame-receiver.js';
import { HpackDecoder, HpackEncoder } from './hpack/index.js';
import { MessageReceiver } from './message-receiver.js';
import { Pings } from './pings.js';
import { applySettings, encodeSettings, INITIAL_SETTINGS, type Http2Settings } from './settings.js';
import { Http2Stream, type StreamHost, type StreamListener } from './stream.js';

/** Which end of the connection this side is: the client opens streams. */
export type Http2Role = 'client' | 'server';

/** What a connection tells its user. */
export interface Http2ConnectionEvents {
  /** A request has come; `stream.listener` must be set before this returns. */
  onRequest?(stream: Http2Stream, headers: readonly string[], endStream: boolean): void;
  /** The peer has said its settings, as it does first: it speaks HTTP/2. */
  onReady?(): void;
  /** There may be room for a new stream that there was not before. */
  onRoom?(): void;
  /** The peer takes no new streams; those that it knows go on. */
  onGoAway?(code: number, message: string): void;
  /** The connection is over: with the reason unless it ended in order. */
  onClose?(error?: Error): void;
}

/** Milliseconds that a peer has to read what was said last, and to close its end. */
const LAST_WORDS_MS = 1000;
/** Milliseconds that the peer has to answer the first step of a GOAWAY. */
const LAST_STEP_MS = 1000;
/** Streams that this side gave up lately, and frames for which may still come. */
const RESETS_REMEMBERED = 1000;

/**
 * One HTTP/2 connection over any byte stream (RFC 9113, without push): streams, flow control and what
 * a peer may and may not do. A peer that breaks the rules costs only this connection, or only the stream.
 *
 * It owns the socket from construction on.
 */
export class Http2Connection implements StreamHost {
  readonly output: FrameOutput;
  /** @internal Bytes that all streams together may send. */
  sendWindow = DEFAULT_WINDOW_SIZE;
  readonly #socket: Duplex;
  readonly #role: Http2Role;
  readonly #events: Http2ConnectionEvents;
  readonly #options: Http2ConnectionOptions;
  readonly #parser: FrameParser;
  readonly #encoder = new HpackEncoder();
  readonly #messages: MessageReceiver;
  readonly #pings: Pings;
  readonly #guard = new FloodGuard();
  readonly #windowLimits: WindowLimits;
  readonly #receiveWindow: ReceiveWindow;
  readonly #streams = new Map<number, Http2Stream>();
  /** Streams that wait for the window of the connection. */
  readonly #waiting = new Set<FrameSource>();
  readonly #resets = new Set<number>();
  #peerSettings: Http2Settings = INITIAL_SETTINGS;
  #settingsTimer: NodeJS.Timeout | undefined;
  #onSettingsAck: () => void = () => {};
  #ready = false;
  #nextStreamId: number;
  /** The peer's streams up to this one are served, or were. */
  #lastPeerStreamId = 0;
  /** The highest number that the peer has used. */
  #highestPeerStreamId = 0;
  /** This side has said GOAWAY: it opens no streams, and after the last step takes none. */
  #goingAway: 'no' | 'soon' | 'yes' = 'no';
  #unread = 0;
  /** `draining`: no new streams, either side having said GOAWAY; closes with the last stream. */
  #state: 'open' | 'draining' | 'closed' = 'open';

  constructor(
    socket: Duplex,
    role: Http2Role,
    events: Http2ConnectionEvents,
    options: Partial<Http2ConnectionOptions> = {},
  ) {
    this.#socket = socket;
    this.#role = role;
    this.#events = events;
    this.#options = { ...DEFAULT_HTTP2_OPTIONS, ...options };
    this.#nextStreamId = role === 'client' ? 1 : 2;
    this.output = new FrameOutput(socket, {
      onOverflow: () => this.#fail(ErrorCode.EnhanceYourCalm, 'the peer reads nothing'),
    });
    this.#messages = this.#createMessageReceiver();
    this.#pings = new Pings(this.output);
    const roundTrip = new RoundTrip(() => this.#pings.send());
    this.#windowLimits = {
      granted: this.#options.initialWindowSize,
      initial: this.#options.initialWindowSize,
      max: this.#options.maxWindowSize,
      // Streams may be promised more than all together: the window of the connection bounds them.
      budget: new WindowBudget(Number.MAX_SAFE_INTEGER, () => {}),
      roundTrip,
    };
    this.#receiveWindow = new ReceiveWindow({
      granted: DEFAULT_WINDOW_SIZE,
      initial: this.#options.connectionWindowSize,
      max: this.#options.connectionWindowSize,
      budget: this.#windowLimits.budget,
      roundTrip,
    });
    this.#parser = new FrameParser(this.#createReceiver(), role === 'server');
    this.#greet();
    this.#attach();
  }

  /** Streams that are not over. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Whether `request()` would succeed now. */
  get hasRoom(): boolean {
    return (
      this.#state === 'open' &&
      this.#goingAway === 'no' &&
      this.#streams.size < this.#peerSettings.maxConcurrentStreams
    );
  }

  /**
   * Opens a stream and sends the headers of its request.
   *
   * @throws Http2Error if there is no room; see `hasRoom` and `onRoom`.
   */
  request(headers: readonly string[], listener: StreamListener, endStream = false): Http2Stream {
    if (!this.hasRoom) {
      throw new Http2Error(
        'stream',
        ErrorCode.RefusedStream,
        'the connection takes no new streams',
      );
    }
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    const stream = this.#createStream(id);
    stream.listener = listener;
    stream.sendHeaders(headers, endStream);
    if (this.#nextStreamId > MAX_WINDOW_SIZE) this.goAway();
    return stream;
  }

  /**
   * Asks the peer for a sign of life; resolves with the round trip in milliseconds.
   *
   * @throws Error (as a rejection) when the connection ends first.
   */
  ping(): Promise<number> {
    if (this.#state === 'closed') return Promise.reject(closedError());
    return this.#pings.send();
  }

  /**
   * Takes no new streams; those under way go on, and with the last of them the connection ends. In two
   * steps, so that no request is lost that was on its way (RFC 9113, 6.8).
   */
  goAway(): void {
    if (this.#state === 'closed' || this.#goingAway !== 'no') return;
    this.#goingAway = 'soon';
    this.#sendGoAway(MAX_WINDOW_SIZE, ErrorCode.NoError, '');
    // What the peer sent before it knew has come when it answers; one that does not waits for nothing.
    const timer = setTimeout(() => this.#lastStep(), LAST_STEP_MS).unref();
    this.#pings.send().then(
      () => {
        clearTimeout(timer);
        this.#lastStep();
      },
      () => clearTimeout(timer),
    );
  }

  /** Ends the connection at once; streams fail with `error`. Idempotent. */
  destroy(error?: Error): void {
    this.#terminate(error ?? closedError(), false);
  }

  // ---- What streams need

  /** @internal */
  get peerMaxFrameSize(): number {
    return this.#peerSettings.maxFrameSize;
  }

  /** @internal @throws HpackError for a character that no header can have. */
  sendHeaders(streamId: number, headers: readonly string[], endStream: boolean): void {
    const { output } = this;
    const from = output.beginFrame();
    try {
      this.#encoder.encode(headers, output.writer);
    } catch (error) {
      output.takeBack(from);
      throw error;
    }
    const endFlag = endStream ? Flag.EndStream : 0;
    const length = output.lengthSince(from);
    if (length <= this.peerMaxFrameSize) {
      output.endFrame(from, FrameType.Headers, Flag.EndHeaders | endFlag, streamId);
    } else {
      this.#sendLongBlock(streamId, Buffer.from(output.takeBack(from)), endFlag);
    }
  }

  /** @internal */
  waitForWindow(source: FrameSource): void {
    this.#waiting.add(source);
  }

  /** @internal */
  consumed(bytes: number): void {
    this.#unread -= bytes;
    if (this.#state === 'closed') return;
    const credit = this.#receiveWindow.credit(this.#unread);
    if (credit > 0) this.output.numberFrame(FrameType.WindowUpdate, 0, credit);
  }

  /** @internal */
  forget(stream: Http2Stream, finished: boolean): void {
    if (!this.#streams.delete(stream.id)) return;
    if (finished) this.#guard.forgive(STREAM_COST);
    this.#waiting.delete(stream);
    // The stream's own listener is told first.
    if (this.#state === 'draining') process.nextTick(() => this.#closeIfDrained());
    else if (this.#state === 'open') this.#events.onRoom?.();
  }

  // ---- What the peer does

  #createReceiver(): FrameReceiver {
    const unread = (): number => this.#receiveWindow.open;
    const { maxFrameSize, maxHeaderListSize } = this.#options;
    const host: FrameReceiverHost = {
      maxFrameSize,
      maxHeaderBlockSize: Math.max(maxFrameSize, maxHeaderListSize),
      get receiveWindow() {
        return unread();
      },
      stream: (id) => this.#streams.get(id),
      isIdle: (id) => this.#isIdle(id),
      wasReset: (id) => this.#resets.has(id),
      spend: (bytes) => {
        this.#receiveWindow.spend(bytes);
        this.#receiveWindow.receive(bytes);
        this.#unread += bytes;
      },
      consumed: (bytes) => this.consumed(bytes),
      receiveEnd: (stream) => this.#messages.receiveEnd(stream),
      receiveHeaders: (id, block, start, end, endStream) =>
        this.#messages.receiveHeaders(id, block, start, end, endStream),
      receiveSettings: (payload) => this.#receiveSettings(payload),
      receiveSettingsAck: () => {
        clearTimeout(this.#settingsTimer);
        this.#onSettingsAck();
      },
      receivePing: (payload) => this.output.frame(FrameType.Ping, Flag.Ack, 0, payload),
      receivePong: (payload) => this.#pings.receive(payload),
      receiveGoAway: (last, code, debugData) => this.#receiveGoAway(last, code, debugData),
      grant: (bytes) => this.#grant(bytes),
      resetStream: (id, code, message) => this.#resetStream(id, code, message),
      fail: (code, message) => this.#fail(code, message),
    };
    return new FrameReceiver(host, this.#guard);
  }

  #createMessageReceiver(): MessageReceiver {
    const { headerTableSize, maxHeaderListSize } = this.#options;
    // Until it has acknowledged ours, the peer goes by what every side starts with.
    const maxTableSize = Math.max(headerTableSize, INITIAL_SETTINGS.headerTableSize);
    const decoder = new HpackDecoder({ maxTableSize, maxHeaderListSize });
    this.#onSettingsAck = () => decoder.setMaxTableSize(headerTableSize);
    return new MessageReceiver(decoder, {
      servesRequests: this.#role === 'server',
      stream: (id) => this.#streams.get(id),
      isNew: (id) => id > this.#highestPeerStreamId,
      isIdle: (id) => this.#isIdle(id),
      wasReset: (id) => this.#resets.has(id),
      useId: (id) => this.#usePeerId(id),
      openStream: (id) => this.#openPeerStream(id),
      onRequest: (stream, headers, endStream) =>
        this.#events.onRequest?.(stream, headers, endStream),
      resetStream: (id, code, message) => this.#resetStream(id, code, message),
      fail: (code, message) => this.#fail(code, message),
    });
  }

  #usePeerId(id: number): boolean {
    this.#highestPeerStreamId = id;
    if (this.#goingAway === 'yes') {
      this.rememberReset(id); // What belongs to it is on its way too.
      return false;
    }
    this.#lastPeerStreamId = id;
    return true;
  }

  #openPeerStream(id: number): Http2Stream | undefined {
    const isRoom = this.#streams.size < this.#options.maxConcurrentStreams;
    return isRoom ? this.#createStream(id) : undefined;
  }

  #isIdle(id: number): boolean {
    const isPeers = (id % 2 === 1) === (this.#role === 'server');
    return isPeers ? id > this.#highestPeerStreamId : id >= this.#nextStreamId;
  }

  #receiveSettings(payload: Buffer): void {
    const before = this.#peerSettings;
    let settings: Http2Settings;
    try {
      settings = applySettings(before, payload, this.#role === 'server');
    } catch (error) {
      const { http2Code, message } = error as Http2Error;
      return this.#fail(http2Code as ErrorCode, message);
    }
    this.#peerSettings = settings;
    this.#encoder.setMaxTableSize(settings.headerTableSize);
    const change = settings.initialWindowSize - before.initialWindowSize;
    if (change !== 0) {
      for (const stream of this.#streams.values()) {
        if (stream.sendWindow + change > MAX_WINDOW_SIZE) {
          return this.#fail(ErrorCode.FlowControlError, 'the window of a stream is too large');
        }
        stream.grant(change);
      }
    }
    this.output.frame(FrameType.Settings, Flag.Ack, 0, Buffer.alloc(0));
    if (!this.#ready) {
      this.#ready = true;
      this.#events.onReady?.();
    }
    if (this.hasRoom) this.#events.onRoom?.();
  }

  #receiveGoAway(lastStreamId: number, code: number, debugData: Buffer): void {
    if (this.#state === 'open') this.#state = 'draining';
    const message = debugData.toString('latin1');
    this.#events.onGoAway?.(code, message);
    const error = new Http2Error(
      'stream',
      ErrorCode.RefusedStream,
      'the peer did not take the stream',
      true,
    );
    for (const stream of this.#streams.values()) {
      const isOurs = (stream.id % 2 === 1) === (this.#role === 'client');
      if (isOurs && stream.id > lastStreamId) stream.abort(error);
    }
    this.#closeIfDrained();
  }

  #grant(bytes: number): boolean {
    if (this.sendWindow + bytes > MAX_WINDOW_SIZE) return false;
    this.sendWindow += bytes;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const source of waiting) this.output.activate(source);
    return true;
  }

  // ---- Streams and the end

  #createStream(id: number): Http2Stream {
    const stream = new Http2Stream(
      this,
      id,
      this.#peerSettings.initialWindowSize,
      new ReceiveWindow(this.#windowLimits),
    );
    this.#streams.set(id, stream);
    return stream;
  }

  #resetStream(id: number, code: ErrorCode, message: string): void {
    this.output.numberFrame(FrameType.RstStream, id, code);
    this.rememberReset(id);
    this.#streams.get(id)?.abort(new Http2Error('stream', code, message));
  }

  /** @internal This side gave the stream up; what is on its way for it is thrown away. */
  rememberReset(id: number): void {
    this.#resets.add(id);
    if (this.#resets.size <= RESETS_REMEMBERED) return;
    for (const oldest of this.#resets) {
      this.#resets.delete(oldest);
      return;
    }
  }

  #sendLongBlock(streamId: number, block: Buffer, endFlag: number): void {
    const max = this.peerMaxFrameSize;
    this.output.frame(FrameType.Headers, endFlag, streamId, block.subarray(0, max));
    for (let at = max; at < block.length; at += max) {
      const isLast = at + max >= block.length;
      this.output.frame(
        FrameType.Continuation,
        isLast ? Flag.EndHeaders : 0,
        streamId,
        block.subarray(at, at + max),
      );
    }
  }

  #sendGoAway(lastStreamId: number, code: ErrorCode, message: string): void {
    const payload = Buffer.alloc(8 + message.length);
    payload.writeUInt32BE(lastStreamId, 0);
    payload.writeUInt32BE(code, 4);
    payload.write(message, 8, 'latin1');
    this.output.frame(FrameType.GoAway, 0, 0, payload);
  }

  #lastStep(): void {
    if (this.#state === 'closed' || this.#goingAway === 'yes') return;
    this.#goingAway = 'yes';
    this.#state = 'draining';
    this.#sendGoAway(this.#lastPeerStreamId, ErrorCode.NoError, '');
    this.#closeIfDrained();
  }

  #closeIfDrained(): void {
    if (this.#state === 'draining' && this.#streams.size === 0) this.#terminate(undefined, true);
  }

  #fail(code: ErrorCode, message: string): void {
    if (this.#state === 'closed') return;
    this.#sendGoAway(this.#lastPeerStreamId, code, message);
    this.#terminate(new Http2Error('connection', code, message), true);
  }

  /** The one way out. With `inOrder` what was written is sent before the socket is ended. */
  #terminate(error: Error | undefined, inOrder: boolean): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#settingsTimer);
    this.#parser.stop();
    const reason = error ?? closedError();
    this.#pings.rejectAll(reason);
    const streamReason =
      reason instanceof Http2Error
        ? reason
        : new Http2Error('connection', ErrorCode.InternalError, reason.message, false, {
            cause: reason,
          });
    for (const stream of this.#streams.values()) stream.abort(streamReason);
    if (inOrder) {
      this.output.end();
      const timer = setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS).unref();
      this.#socket.once('close', () => clearTimeout(timer));
    } else {
      this.output.discard();
      this.#socket.destroy();
    }
    this.#events.onClose?.(error);
  }

  // ---- The socket

  /** What each side says first (RFC 9113, 3.4). */
  #greet(): void {
    const { output } = this;
    if (this.#role === 'client') output.raw(CONNECTION_PREFACE);
    output.frame(FrameType.Settings, 0, 0, encodeSettings(this.#options, this.#role === 'client'));
    const more = this.#receiveWindow.announce();
    if (more > 0) output.numberFrame(FrameType.WindowUpdate, 0, more);
    if (this.#options.settingsTimeoutMs === 0) return;
    this.#settingsTimer = setTimeout(
      () => this.#fail(ErrorCode.SettingsTimeout, 'the peer did not acknowledge our settings'),
      this.#options.settingsTimeoutMs,
    ).unref();
  }

  #attach(): void {
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => this.#parser.push(chunk));
    socket.on('end', () => this.#endOfInput());
    socket.on('error', (error) => this.#terminate(error, false));
    socket.on('close', () => this.#endOfInput());
    if (socket.destroyed) process.nextTick(() => this.#endOfInput());
  }

  #endOfInput(): void {
    if (this.#state === 'closed') this.#socket.destroy();
    else if (this.#streams.size === 0) this.#terminate(undefined, true);
    else this.#terminate(closedError(), false);
  }
}

function closedError(): Http2Error {
  return new Http2Error('connection', ErrorCode.NoError, 'the connection was closed');
}
