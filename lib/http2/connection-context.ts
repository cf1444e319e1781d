import type { Duplex } from 'node:stream';
import { RoundTrip } from '../wire/index.js';
import { Http2AbuseGuard } from './control/abuse-guard.js';
import type { Http2ConnectionEvents } from './connection-events.js';
import type { Http2ConnectionOptions } from './connection-options.js';
import { ConnectionUser } from './connection-user.js';
import { ConnectionWindow, type ConnectionWindowHost } from './inbound/connection-window.js';
import { EARLY_BYTES, EARLY_STREAMS } from './protocol/early.js';
import { http2Error } from './protocol/errors.js';
import { ErrorCode, Http2FrameType } from './protocol/frame.js';
import { Http2FrameOutput, type Http2FrameOutputEvents } from './outbound/frame-output.js';
import { GracefulGoAway, type GracefulGoAwayHost } from './control/graceful-go-away.js';
import { HeaderOutput } from './outbound/header-output.js';
import { HpackDecoder } from './hpack/index.js';
import type { PeerAccounts } from './peer-accounts.js';
import { Http2Pings } from './control/pings.js';
import type { Http2Role } from './protocol/role.js';
import { INITIAL_SETTINGS } from './protocol/settings.js';
import { SettingsExchange, type SettingsHost } from './control/settings-exchange.js';
import { Http2Stream } from './stream/stream.js';
import type { Http2StreamHost } from './stream/stream-host.js';
import { StreamTable } from './stream/stream-table.js';
import { StreamWindows, type StreamWindowsHost } from './inbound/stream-windows.js';

/** Operations with which the parts of a connection end it. */
export interface ConnectionLifecycle {
  /** Begins to drain: no new streams. Idempotent. */
  drain(): void;
  /** Ends a draining connection that has no streams left. */
  closeIfDrained(): void;
  /** Ends the connection with GOAWAY after a protocol violation of the peer or an exceeded limit. */
  fail(code: ErrorCode, message: string): void;
  /** Ends the connection after the peer has refused it with a GOAWAY in place of SETTINGS. */
  refused(code: number, message: string): void;
}

/**
 * State of one connection, shared by its frame receivers and its streams. Receivers and streams act on this
 * state directly instead of calling each other.
 */
export class ConnectionContext
  implements
    Http2StreamHost,
    Http2FrameOutputEvents,
    SettingsHost,
    ConnectionWindowHost,
    StreamWindowsHost,
    GracefulGoAwayHost
{
  /**
   * Set only by `Http2Connection`.
   *
   * - `open`: both sides may open streams.
   * - `draining`: one side has sent GOAWAY; no new streams, and the connection ends with the last stream.
   * - `closed`: no more frames are read or written.
   */
  state: 'open' | 'draining' | 'closed' = 'open';
  readonly options: Http2ConnectionOptions;
  /** Whether the peer opens the streams. */
  readonly isServer: boolean;
  readonly lifecycle: ConnectionLifecycle;
  readonly user: ConnectionUser;
  readonly output: Http2FrameOutput;
  readonly headers: HeaderOutput;
  readonly decoder: HpackDecoder;
  readonly streams: StreamTable;
  readonly window: ConnectionWindow;
  readonly streamWindows: StreamWindows;
  readonly settings: SettingsExchange;
  readonly abuse: Http2AbuseGuard;
  readonly pings: Http2Pings;
  readonly gracefulGoAway: GracefulGoAway;

  constructor(
    socket: Duplex,
    role: Http2Role,
    lifecycle: ConnectionLifecycle,
    events: Http2ConnectionEvents,
    options: Http2ConnectionOptions,
    accounts: PeerAccounts,
  ) {
    const isClient = role === 'client';
    this.options = options;
    this.isServer = !isClient;
    this.lifecycle = lifecycle;
    this.user = new ConnectionUser(events);
    this.output = new Http2FrameOutput(socket, options.maxQueuedBytes, this);
    this.pings = new Http2Pings(this.output);
    this.streams = new StreamTable(role, accounts);
    this.settings = new SettingsExchange(options, isClient, this);
    this.headers = new HeaderOutput(this.output, options);
    this.decoder = createDecoder(options);
    this.window = new ConnectionWindow(options, accounts.unread, this);
    this.streamWindows = new StreamWindows(options, accounts, new RoundTrip(this.pings), this);
    this.abuse = new Http2AbuseGuard(accounts, lifecycle);
    this.gracefulGoAway = new GracefulGoAway(this);
  }

  // ---- Streams of both sides

  /** Whether this side may open a stream now. */
  get hasRoom(): boolean {
    const { settings, streams, output } = this;
    if (this.state !== 'open' || this.gracefulGoAway.begun) return false;
    if (settings.received) return streams.size < settings.peer.maxConcurrentStreams;
    return streams.size < EARLY_STREAMS && output.bytesWritten < EARLY_BYTES;
  }

  /** Creates a stream. `id` was chosen by the side that opens the stream. */
  createStream(id: number): Http2Stream {
    const stream = new Http2Stream(this, id, this.streamWindows.create());
    this.streams.add(stream);
    this.streamWindows.adapt();
    return stream;
  }

  /** Resets a stream, open or not, in response to a frame of the peer. May end the connection. */
  resetStream(id: number, code: ErrorCode, message: string): void {
    const stream = this.streams.get(id);
    if (stream === undefined) {
      this.output.numberFrame(Http2FrameType.RstStream, id, code);
      this.streams.rememberReset(id);
      return;
    }
    stream.fail(http2Error('stream', code, message));
    // A reset that the peer provokes wastes as much work as its own RST_STREAM (CVE-2025-8671).
    if (!this.streams.isOurs(id)) this.abuse.chargeReset();
  }

  /** Sends the peer credit for the connection window. */
  credit(bytes: number): void {
    if (bytes > 0) this.output.numberFrame(Http2FrameType.WindowUpdate, 0, bytes);
  }

  // ---- Called by the parts

  onOverflow(): void {
    const message = 'too many frames wait for the peer to take them';
    this.lifecycle.fail(ErrorCode.EnhanceYourCalm, message);
  }

  onSettingsAcknowledged(): void {
    this.streamWindows.adapt();
  }

  canAnnounce(): boolean {
    return this.state !== 'closed' && this.settings.canChangeWindow;
  }

  announce(from: number, to: number): void {
    this.settings.changeWindow(this.output, from, to);
  }

  get hasPeer(): boolean {
    return this.settings.acknowledged;
  }

  onGoAwaySent(): void {
    this.lifecycle.drain();
    this.lifecycle.closeIfDrained();
  }

  // ---- Http2StreamHost

  get peerMaxFrameSize(): number {
    return this.settings.peer.maxFrameSize;
  }

  get sendHighWaterMark(): number {
    return this.options.sendHighWaterMark;
  }

  get isOverbooked(): boolean {
    const { settings, streams } = this;
    return !settings.received || streams.size > settings.peer.maxConcurrentStreams;
  }

  get maxSentHeaderListSize(): number {
    return this.headers.maxListSize(this.settings.peer);
  }

  get maxSentTrailersSize(): number {
    return this.headers.maxTrailersSize(this.settings.peer);
  }

  sendHeaders(streamId: number, headers: readonly string[], endStream: boolean): void {
    this.headers.write(streamId, headers, endStream, this.peerMaxFrameSize);
  }

  consumed(bytes: number): void {
    this.credit(this.window.consumed(bytes));
  }

  rememberReset(id: number): void {
    this.streams.rememberReset(id);
    if (this.streams.isOurs(id)) this.abuse.expectLateHeaders();
  }

  chargeRefusal(id: number): void {
    if (!this.streams.isOurs(id)) this.abuse.chargeReset();
  }

  forget(id: number, finished: boolean): void {
    this.streams.delete(id);
    this.streamWindows.adapt();
    if (finished) this.abuse.refundReset();
  }

  afterClose(): void {
    if (this.state === 'open') this.user.room();
    // Deferred, so that frames that arrived together with the end of the last stream are read first.
    else if (this.state === 'draining') process.nextTick(() => this.lifecycle.closeIfDrained());
  }
}

function createDecoder({
  headerTableSize,
  maxHeaderListSize,
  maxHeaders,
}: Http2ConnectionOptions): HpackDecoder {
  // The peer uses the initial setting until it has acknowledged ours.
  const maxTableSize = Math.max(headerTableSize, INITIAL_SETTINGS.headerTableSize);
  return new HpackDecoder({ maxTableSize, maxHeaderListSize, maxHeaders });
}
