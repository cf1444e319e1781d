import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connectivityState, type ChannelInterface, type ChannelOptions } from '@grpc/grpc-js';
import {
  watchConnectivity,
  type ConnectionInfo,
  type DialChannel,
  type GoAway,
  type GrpcEngine,
} from '../grpc/index.js';
import type { Departure, PeerLink } from './peer.js';
import type { MultiplexSession } from './session-factory.js';
import { onceThrough } from './stream-end.js';

/** What a `PeerSession` is made of. */
export interface PeerSessionParts {
  readonly session: MultiplexSession;
  /** The stream of forward calls; who serves them ends it when they are through. */
  readonly stream: Duplex;
  readonly connection: ConnectionInfo;
  readonly engine: GrpcEngine;
  readonly channelOptions: ChannelOptions | undefined;
  /** Milliseconds that backchannel calls may take to finish when forward calls have. */
  readonly drainMs: number;
}

/**
 * A session of the listening side from its handshake to its end: the stream of forward calls, the
 * channel of backchannel calls, and what happens to one when the other ends.
 *
 * In order, calls finish first. A dialing side that is about to leave says so on the streams of the
 * channel: from then on the peer is not to be found, but its calls go on, and may bring calls back on a
 * new stream. When the forward stream has ended, no handler is left that could call back, so the channel
 * is closed; when its last call is through, so is the session. Anything else ends all of it at once.
 */
export class PeerSession implements PeerLink {
  readonly channel: DialChannel;
  readonly #parts: PeerSessionParts;
  readonly #onDeparture: (departure: Departure) => void;
  /** Streams of the channel; more than one only while one replaces another. */
  readonly #backStreams = new Set<Duplex>();
  /** `leaving`: nobody finds the peer any more, calls finish. `ended`: no calls. */
  #state: 'open' | 'leaving' | 'ended' = 'open';
  #forwardEnded = false;
  /** Why HTTP/2 of the forward calls failed. */
  #failure: Error | undefined;
  /** Whether the channel is closed. */
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param onDeparture - told once, when the peer is no longer to be found. */
  constructor(parts: PeerSessionParts, onDeparture: (departure: Departure) => void) {
    const { session, stream, engine, channelOptions, connection } = parts;
    this.#parts = parts;
    this.#onDeparture = onDeparture;
    this.channel = engine.createStreamChannel(() => this.#openBack(), channelOptions, connection);
    onceThrough(stream, (inOrder) => {
      if (this.#failure !== undefined) this.#lose(this.#failure);
      else if (inOrder) this.#endForward();
      else this.#lose(stream.errored ?? new Error('this side cut the stream of forward calls'));
    });
    void session.closed.then((error) => {
      this.#lose(error);
      // What came and was not read keeps a stream alive, and with it whoever does not read any more.
      for (const left of [stream, ...this.#backStreams]) left.destroy();
    });
    watchConnectivity(this.channel as ChannelInterface, (state) => {
      if (state !== connectivityState.IDLE || !isFarewell(this.channel.lastGoAway)) return;
      this.depart({ cause: 'left' });
    });
    // As Go's `grpc.Dial`: connected before the first call needs it.
    this.channel.getConnectivityState(true);
  }

  get connection(): ConnectionInfo {
    return this.#parts.connection;
  }

  get openStreams(): number {
    return this.#parts.session.streamCount ?? 0;
  }

  /** Whether calls can be made. */
  get isUsable(): boolean {
    return this.#state !== 'ended' && !this.#forwardEnded;
  }

  async close(departure: Departure): Promise<void> {
    this.depart(departure);
    this.#end();
    await this.#parts.session.close();
  }

  /** Nobody is to find the peer any more; calls under way go on. Idempotent. */
  depart(departure: Departure): void {
    if (this.#state !== 'open') return;
    this.#state = 'leaving';
    this.#onDeparture(departure);
  }

  /**
   * HTTP/2 of the forward calls has failed, so the stream of them is not worth waiting for backchannel
   * calls when it ends, though it does so in order, behind what tells the peer why.
   */
  fail(error: Error): void {
    this.#failure ??= error;
    this.depart({ cause: 'lost', error });
  }

  /** There are no more forward calls: backchannel calls get their time to finish. */
  #endForward(): void {
    if (this.#forwardEnded) return;
    this.#forwardEnded = true;
    this.depart({ cause: 'left' });
    this.#timer = setTimeout(() => this.#end(), this.#parts.drainMs).unref();
    void this.#closeChannel();
  }

  async #closeChannel(): Promise<void> {
    await begunCalls(this.channel as ChannelInterface);
    this.channel.close();
    this.#isClosed = true;
    this.#endIfThrough();
  }

  #lose(error: Error | undefined): void {
    this.depart(
      error === undefined || isHangUp(error) ? { cause: 'left' } : { cause: 'lost', error },
    );
    this.#end();
  }

  #endIfThrough(): void {
    if (this.#isClosed && this.#backStreams.size === 0) this.#end();
  }

  /** The one way out. */
  #end(): void {
    if (this.#state === 'ended') return;
    this.depart({ cause: 'left' });
    this.#state = 'ended';
    clearTimeout(this.#timer);
    this.channel.close();
    void this.#parts.session.close();
  }

  async #openBack(): Promise<Duplex> {
    const stream = await this.#parts.session.open();
    this.#backStreams.add(stream);
    onceThrough(stream, () => {
      this.#backStreams.delete(stream);
      this.#endIfThrough();
    });
    return stream;
  }
}

/** Whether the other end just closed the connection, or its stream of forward calls. */
function isHangUp(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ERR_YAMUX_SESSION_CLOSED' || code === 'ERR_YAMUX_STREAM_RESET';
}

/** What a server says when it ends a stream for being old or unused, and not because it leaves. */
const NO_FAREWELL = new Set(['max_age', 'max_idle', 'too_many_pings']);

/** Whether the other end takes no more calls at all. */
function isFarewell(goAway: GoAway | undefined): boolean {
  return goAway !== undefined && goAway.code === 0 && !NO_FAREWELL.has(goAway.message);
}

/**
 * Turns of the event loop until a call of grpc-js is sent. Its GOAWAY would go ahead of those that are
 * not, and the other end take none of them.
 */
const TURNS_TO_SEND = 4;

/** Calls that wait for a connection which is being made are under way, too: closing would end them. */
async function begunCalls(channel: ChannelInterface): Promise<void> {
  const { CONNECTING } = connectivityState;
  if (channel.getConnectivityState(false) === CONNECTING) {
    await new Promise<void>((resolve) => {
      channel.watchConnectivityState(CONNECTING, Infinity, () => resolve());
    });
  }
  for (let turn = 0; turn < TURNS_TO_SEND; turn++) await nextTurn();
}
