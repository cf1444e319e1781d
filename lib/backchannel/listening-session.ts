import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connectivityState, type ChannelInterface, type ChannelOptions } from '@grpc/grpc-js';
import {
  closedByDecision,
  ENDING,
  watchConnectivity,
  type ConnectionInfo,
  type DialChannel,
  type GoAway,
  type GrpcEngine,
  type ServedStream,
} from '../grpc/index.js';
import { LINGER_MS } from '../wire/index.js';
import type { ClientConn } from './client-conn.js';
import { DrainTime } from './drain-time.js';
import { endSession } from './end-session.js';
import type { PeerConnectionOwner } from './peer-connection.js';
import type { Departure, PeerLink } from './peer.js';
import type { MultiplexSession } from './session-factory.js';
import { SessionStreams } from './session-streams.js';
import { onWritableEnd } from './stream-end.js';

/** What a `ListeningSession` is made of. */
export interface ListeningSessionParts {
  readonly session: MultiplexSession;
  /** The stream of forward calls; who serves them ends it when they are through. */
  readonly stream: Duplex;
  readonly connection: ConnectionInfo;
  readonly engine: GrpcEngine;
  readonly channelOptions: ChannelOptions | undefined;
  /** Makes what the peer is called with. */
  readonly createConn: (channel: ChannelInterface) => ClientConn;
  /** Milliseconds from the departure of the peer until its connection ends, calls or not. */
  readonly drainMs: number;
}

/**
 * A session of the listening side from its handshake to its end: the stream of forward calls, the
 * channel of backchannel calls, and what happens to one when the other ends.
 *
 * In order, calls finish first. A dialing side that is about to leave says so on the streams of the
 * channel: from then on the peer is not to be found, but its calls go on for `drainMs`, and may bring
 * calls back on a new stream. When the forward stream has ended, no handler is left that could call back,
 * so the channel is closed; when its last call is through, so is the session. Anything else ends all of it
 * at once.
 *
 * Invariant: while a forward call can begin, the peer is in the registry, or the session ends within
 * `drainMs`. Nothing that the peer does, or leaves undone, extends that.
 */
export class ListeningSession implements PeerLink, PeerConnectionOwner {
  /** What to call the peer with. */
  readonly backchannel: ClientConn;
  readonly #channel: DialChannel;
  readonly #parts: ListeningSessionParts;
  readonly #onDeparture: (departure: Departure) => void;
  readonly #streams: SessionStreams;
  /** Streams of the channel; more than one only while one replaces another. */
  readonly #backStreams = new Set<Duplex>();
  /** `leaving`: nobody finds the peer any more, calls finish. `ended`: no calls. */
  #state: 'open' | 'leaving' | 'ended' = 'open';
  /** `ended`: this side has ended it, in order. */
  #forward: 'open' | 'ended' = 'open';
  /** Whether the peer has been asked for a new connection, and whether it has said that it goes. */
  #parting: 'none' | 'asked' | 'told' | 'agreed' = 'none';
  /** What serves the forward calls. */
  #served: ServedStream | undefined;
  /** Why HTTP/2 of the forward calls failed. */
  #failure: Error | undefined;
  /** Whether the channel is closed. */
  #isClosed = false;
  #drainTime: DrainTime;
  #timer: NodeJS.Timeout | undefined;

  /** @param onDeparture - told once, when the peer is no longer to be found. */
  constructor(parts: ListeningSessionParts, onDeparture: (departure: Departure) => void) {
    const { session, stream, engine, channelOptions, connection, drainMs } = parts;
    this.#parts = parts;
    this.#onDeparture = onDeparture;
    this.#streams = new SessionStreams(session);
    this.#streams.add(stream);
    this.#drainTime = new DrainTime(drainMs);
    this.#channel = engine.createStreamChannel(() => this.#openBack(), channelOptions, connection);
    this.backchannel = parts.createConn(this.#channel);
    stream.once('end', () => this.takesLeave());
    onWritableEnd(stream, (inOrder) => {
      if (this.#failure !== undefined) this.#lose(this.#failure);
      else if (inOrder) this.#endForward();
      else this.#lose(stream.errored ?? new Error('this side cut the stream of forward calls'));
    });
    void session.closed.then((error) => this.#lose(error));
    watchConnectivity(this.#channel as ChannelInterface, (state) => {
      if (state !== connectivityState.IDLE || !isFarewell(this.#channel.lastGoAway)) return;
      this.takesLeave();
      this.depart(this.#inOrder);
    });
    // As Go's `grpc.Dial`: connected before the first call needs it.
    this.#channel.getConnectivityState(true);
  }

  get connection(): ConnectionInfo {
    return this.#parts.connection;
  }

  get openStreams(): number {
    return this.#parts.session.streamCount ?? 0;
  }

  get conn(): ClientConn | undefined {
    return this.#state !== 'ended' && this.#forward === 'open' ? this.backchannel : undefined;
  }

  /** Opens a stream beside the calls. @throws Error (as a rejection) if the session has ended. */
  async openStream(): Promise<Duplex> {
    const stream = await this.#parts.session.open();
    this.#streams.add(stream);
    return stream;
  }

  /** Ends all of it, within a second, whatever the peer does. */
  async close(departure: Departure): Promise<void> {
    this.depart(departure);
    this.#end(departure.cause === 'closed' ? closedByDecision(departure.reason) : ENDING);
    await endSession(this.#parts.session);
  }

  /**
   * Nobody is to find the peer any more; calls under way go on. Idempotent.
   *
   * @param drainMs - milliseconds until the session ends, whatever is under way then.
   */
  depart(departure: Departure, drainMs = this.#parts.drainMs): void {
    if (this.#state !== 'open') return;
    this.#state = 'leaving';
    this.#drainTime = new DrainTime(drainMs);
    this.#timer = setTimeout(() => this.#end(ENDING), this.#drainTime.leftMs).unref();
    this.#onDeparture(departure);
  }

  servedBy(served: ServedStream): void {
    this.#served = served;
    if (this.#state === 'ended') served.destroy();
  }

  takesLeave(): void {
    if (this.#parting === 'none') this.#parting = 'told';
    else if (this.#parting === 'asked') this.#parting = 'agreed';
  }

  retired(): void {
    if (this.#parting === 'none') this.#parting = 'asked';
  }

  /**
   * HTTP/2 of the forward calls has failed, so the stream of them is not worth waiting for backchannel
   * calls when it ends, though it does so in order, behind what tells the peer why.
   */
  fail(error: Error): void {
    this.#failure ??= error;
    this.depart({ cause: 'lost', error });
  }

  /** How the peer departs if all of it ends in order. */
  get #inOrder(): Departure {
    const isAsked = this.#parting === 'asked' || this.#parting === 'agreed';
    return { cause: isAsked ? 'replaced' : 'left' };
  }

  /** There are no more forward calls: backchannel calls get their time to finish. */
  #endForward(): void {
    if (this.#forward === 'ended' || this.#state === 'ended') return;
    this.#forward = 'ended';
    this.depart(this.#inOrder);
    void this.#closeChannel();
  }

  async #closeChannel(): Promise<void> {
    await begunCalls(this.#channel as ChannelInterface);
    this.#channel.close();
    this.#isClosed = true;
    this.#endIfThrough();
  }

  /** All of it is over. A peer that has said before that it goes has left, however its connection ended. */
  #lose(error: Error | undefined): void {
    const hasSaidSo = this.#parting === 'told' || this.#parting === 'agreed';
    const isLost = error !== undefined && (error === this.#failure || !hasSaidSo);
    this.depart(isLost ? { cause: 'lost', error } : this.#inOrder);
    this.#end();
  }

  #endIfThrough(): void {
    if (this.#isClosed && this.#backStreams.size === 0) this.#end();
  }

  /**
   * The one way out.
   *
   * @param goAway - what to tell a peer whose forward calls are still served.
   */
  #end(goAway?: GoAway): void {
    if (this.#state === 'ended') return;
    this.depart(this.#inOrder);
    this.#state = 'ended';
    clearTimeout(this.#timer);
    if (this.#forward === 'open') this.#endServing(goAway);
    this.#channel.close();
    const limitMs = this.#forward === 'open' ? 0 : this.#drainTime.leftMs;
    void endSession(this.#parts.session, limitMs + LINGER_MS);
  }

  /** No forward call begins any more. */
  #endServing(goAway: GoAway | undefined): void {
    if (goAway !== undefined && this.#served !== undefined) this.#served.dismiss(goAway);
    else this.#parts.stream.destroy();
  }

  async #openBack(): Promise<Duplex> {
    const stream = await this.#parts.session.open();
    this.#streams.add(stream);
    this.#backStreams.add(stream);
    onWritableEnd(stream, () => {
      this.#backStreams.delete(stream);
      this.#endIfThrough();
    });
    return stream;
  }
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
