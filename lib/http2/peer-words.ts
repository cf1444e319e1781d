import type { ConnectionParts } from './connection-parts.js';
import { http2Error, type Http2Error } from './errors.js';
import { ErrorCode, Http2Flag, Http2FrameType, MAX_WINDOW_SIZE } from './frame.js';
import { Http2FrameReceiver } from './frame-receiver.js';
import { HeaderListLimits } from './header-list-limits.js';
import { HpackDecoder } from './hpack/index.js';
import { MessageReceiver } from './message-receiver.js';
import { decodeReason } from './reason.js';
import { INITIAL_SETTINGS } from './settings.js';
import type { Http2Stream } from './stream.js';

/** What the peer's words make the connection itself do. */
export interface PeerWordsHost {
  readonly isServer: boolean;
  /** Whether `request()` would succeed now. */
  readonly hasRoom: boolean;
  createStream(id: number): Http2Stream;
  /** The application has read `bytes` of the connection's data, or never will. */
  consumed(bytes: number): void;
  /** The peer takes no new streams. */
  drain(): void;
  closeIfDrained(): void;
  /** The peer does not serve us, and says why. */
  refused(code: number, message: string): void;
  fail(code: ErrorCode, message: string): void;
}

const NOTHING = Buffer.alloc(0);

/** Does what frames of the peer ask for: new streams, its settings, its GOAWAY, resets for violations. */
export class PeerWords {
  readonly #parts: ConnectionParts;
  readonly #host: PeerWordsHost;
  readonly #decoder: HpackDecoder;
  #ready = false;
  /** The lowest number that a GOAWAY of the peer has named. */
  #lastTakenId = Infinity;

  constructor(parts: ConnectionParts, host: PeerWordsHost) {
    this.#parts = parts;
    this.#host = host;
    const { headerTableSize, maxHeaderListSize, maxHeaders } = parts.options;
    // Until it has acknowledged ours, the peer goes by what every side starts with.
    const maxTableSize = Math.max(headerTableSize, INITIAL_SETTINGS.headerTableSize);
    this.#decoder = new HpackDecoder({ maxTableSize, maxHeaderListSize, maxHeaders });
  }

  /** What the frames go to. */
  createReceiver(): Http2FrameReceiver {
    const host = this.#host;
    const { options, streams, abuse, output, window, settings, pings, user } = this.#parts;
    const shared = {
      streams,
      abuse,
      resetStream: (id: number, code: ErrorCode, message: string) =>
        this.#resetStream(id, code, message),
      fail: (code: ErrorCode, message: string) => host.fail(code, message),
    };
    const messages = new MessageReceiver(this.#decoder, new HeaderListLimits(options), {
      ...shared,
      servesRequests: host.isServer,
      useId: (id) => this.#useId(id),
      openStream: (id) => this.#openStream(id),
      onRequest: (stream, headers, endStream) => user.request(stream, headers, endStream),
    });
    return new Http2FrameReceiver({
      ...shared,
      output,
      window,
      settings,
      maxFrameSize: options.maxFrameSize,
      maxHeaderBlockSize: Math.max(options.maxFrameSize, options.maxHeaderListSize),
      maxContinuations: options.maxContinuations,
      consumed: (bytes) => host.consumed(bytes),
      receiveEnd: (stream) => messages.receiveEnd(stream),
      receiveHeaders: (id, block, start, end, endStream) =>
        messages.receiveHeaders(id, block, start, end, endStream),
      receiveSettings: (payload) => this.#receiveSettings(payload),
      receiveSettingsAck: () => this.#receiveSettingsAck(),
      receivePong: (payload) => pings.receive(payload),
      receiveGoAway: (last, code, debugData) => this.#receiveGoAway(last, code, debugData),
      mayBeRefused: !host.isServer,
      receiveRefusal: (code, debugData) => host.refused(code, decodeReason(debugData)),
    });
  }

  #useId(id: number): boolean {
    const { streams, gracefulGoAway, abuse } = this.#parts;
    streams.usePeerId(id);
    if (gracefulGoAway.serve(id)) return true;
    streams.rememberReset(id); // What belongs to it is on its way too.
    abuse.chargeFrame();
    return false;
  }

  #openStream(id: number): Http2Stream | undefined {
    const { streams, options, settings, abuse, user } = this.#parts;
    if (!user.servesRequests) {
      this.#resetStream(id, ErrorCode.RefusedStream, 'nobody serves requests here');
    } else if (streams.totalSize < options.maxConcurrentStreams) {
      return this.#host.createStream(id);
    } else {
      this.#resetStream(id, ErrorCode.RefusedStream, 'too many streams');
    }
    // Before it has got our settings it cannot know how many there may be.
    if (settings.acknowledged) abuse.chargeFrame();
    return undefined;
  }

  #receiveSettings(payload: Buffer): void {
    const { settings, headers, output, user } = this.#parts;
    try {
      settings.receive(payload);
    } catch (error) {
      const { http2Code, message } = error as Http2Error;
      return this.#host.fail(http2Code as ErrorCode, message);
    }
    headers.setMaxTableSize(settings.peer.headerTableSize);
    if (!this.#setInitialWindow(settings.peer.initialWindowSize)) return;
    output.frame(Http2FrameType.Settings, Http2Flag.Ack, 0, NOTHING);
    if (!this.#ready) {
      this.#ready = true;
      user.ready();
    }
    if (this.#host.hasRoom) user.room();
  }

  /** Returns whether the connection goes on. */
  #setInitialWindow(bytes: number): boolean {
    const { streams, abuse, output } = this.#parts;
    if (bytes === output.initialStreamWindow) return true;
    if (bytes + streams.mostCredit > MAX_WINDOW_SIZE) {
      // It may have been given to streams that have used it up, or are over.
      if (!abuse.chargeVisits(streams.countCredit())) return false;
      if (bytes + streams.mostCredit > MAX_WINDOW_SIZE) {
        this.#host.fail(ErrorCode.FlowControlError, 'the window of a stream is too large');
        return false;
      }
    }
    return abuse.chargeVisits(output.setInitialStreamWindow(bytes));
  }

  #receiveSettingsAck(): boolean {
    const { settings, options } = this.#parts;
    const owed = settings.acknowledge();
    if (owed) this.#decoder.setMaxTableSize(options.headerTableSize);
    return owed;
  }

  #receiveGoAway(lastStreamId: number, code: number, debugData: Buffer): void {
    this.#host.drain();
    this.#parts.user.goAway(code, decodeReason(debugData));
    if (lastStreamId < this.#lastTakenId) this.#abortAbove(lastStreamId);
    this.#host.closeIfDrained();
  }

  /** The peer takes no streams of ours with numbers above this one. */
  #abortAbove(lastStreamId: number): void {
    const { streams, abuse } = this.#parts;
    this.#lastTakenId = lastStreamId;
    // Nothing is opened by servers: all streams are the peer's.
    if (this.#host.isServer || !abuse.chargeVisits(streams.size)) return;
    const reason = 'the peer did not take the stream';
    const error = http2Error('stream', ErrorCode.RefusedStream, reason, true);
    for (const stream of streams.all()) {
      if (stream.id > lastStreamId) stream.abort(error);
    }
  }

  #resetStream(id: number, code: ErrorCode, message: string): void {
    const { streams, output, abuse } = this.#parts;
    const stream = streams.get(id);
    if (stream === undefined) {
      output.numberFrame(Http2FrameType.RstStream, id, code);
      streams.rememberReset(id);
      return;
    }
    stream.fail(http2Error('stream', code, message));
    // The peer made us do it: as good a way to set work going for nothing as to reset it itself.
    if (!streams.isOurs(id)) abuse.chargeReset();
  }
}
