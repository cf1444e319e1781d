import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connectivityState, type ChannelInterface, type ChannelOptions } from '@grpc/grpc-js';
import {
  ChannelOnDemand,
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
import { DepartureDecision, isFarewell, type Departure } from './departure.js';
import { DrainTime } from './drain-time.js';
import { endSession } from './end-session.js';
import type { PeerConnectionOwner } from './peer-connection.js';
import type { Peer, PeerLink } from './peer.js';
import type { MultiplexSession } from './session-factory.js';
import { SessionStreams } from './session-streams.js';
import { onWritableEnd } from './stream-end.js';

/** Parts of a `ListeningSession`. */
export interface ListeningSessionParts {
  readonly session: MultiplexSession;
  /** Stream of forward calls. The server of these calls ends it after the last one. */
  readonly stream: Duplex;
  readonly connection: ConnectionInfo;
  readonly engine: GrpcEngine;
  readonly channelOptions: ChannelOptions | undefined;
  /** Creates the connection for calls to the peer. */
  readonly createConn: (channel: ChannelInterface) => ClientConn;
  /** Milliseconds from the departure of the peer until its connection ends, even with in-flight calls. */
  readonly drainMs: number;
}

/**
 * A session of the listening side from its handshake to its end: the stream of forward calls, the channel
 * of backchannel calls, and the order in which they end.
 *
 * A dialing side that leaves gracefully first sends GOAWAY on the streams of the channel. From then on the
 * registry does not have the peer, but its forward calls continue for `drainMs`, and may cause backchannel
 * calls on a new stream. When the forward stream has ended, no handler is left that could call back, and
 * the channel closes. The session ends after the last call of the channel. Any other end of the forward
 * stream or the connection ends the session at once.
 *
 * Invariant: a peer that is not in the registry can begin forward calls for at most `drainMs`, and cannot
 * extend this time.
 */
export class ListeningSession implements PeerLink, PeerConnectionOwner {
  /** Carries the calls to the peer. */
  readonly backchannel: ClientConn;
  readonly #channel: ChannelOnDemand;
  readonly #parts: ListeningSessionParts;
  readonly #onDeparture: (departure: Departure) => void;
  readonly #streams: SessionStreams;
  /** Number of streams of the channel; more than one only while a new one replaces the old one. */
  #backStreams = 0;
  /** `leaving`: the registry does not have the peer, calls finish. `ended`: there are no calls. */
  #state: 'open' | 'leaving' | 'ended' = 'open';
  /** `ended`: this side has ended the forward stream gracefully. */
  #forward: 'open' | 'ended' = 'open';
  readonly #decision = new DepartureDecision();
  /** Serves the forward calls. */
  #served: ServedStream | undefined;
  /** Sent when serving begins: a subscriber of the registry may close a peer as it arrives. */
  #lateGoAway: GoAway | undefined;
  /** Error of HTTP/2 on the forward stream. */
  #failure: Error | undefined;
  /** Whether the channel is closed. */
  #isClosed = false;
  #peer: Peer | undefined;
  #drainTime: DrainTime;
  #timer: NodeJS.Timeout | undefined;

  /** @param onDeparture - called once, when the registry must remove the peer. */
  constructor(parts: ListeningSessionParts, onDeparture: (departure: Departure) => void) {
    const { session, stream, drainMs } = parts;
    this.#parts = parts;
    this.#onDeparture = onDeparture;
    this.#streams = new SessionStreams(session);
    this.#streams.add(stream);
    this.#drainTime = new DrainTime(drainMs);
    this.#channel = new ChannelOnDemand(() => this.#createChannel());
    this.backchannel = parts.createConn(this.#channel);
    stream.on('end', () => this.#decision.peerAnnounced());
    onWritableEnd(stream, (inOrder) => {
      if (this.#failure !== undefined) this.#onSessionEnd(this.#failure);
      else if (inOrder) this.#endForward();
      else
        this.#onSessionEnd(
          stream.errored ?? new Error('this side cut the stream of forward calls'),
        );
    });
    void session.closed.then((error) => this.#onSessionEnd(error));
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

  get peer(): Peer | undefined {
    return this.#peer;
  }

  registered(peer: Peer): void {
    this.#peer = peer;
  }

  /** Opens a stream beside those of calls. @throws Error (as a rejection) if the session has ended. */
  async openStream(): Promise<Duplex> {
    if (this.#state === 'ended') throw new Error('the session has ended');
    const stream = await this.#parts.session.open();
    this.#streams.add(stream);
    return stream;
  }

  /** Ends the session within one second. */
  async close(departure: Departure): Promise<void> {
    this.depart(departure);
    this.#end(departure.cause === 'closed' ? closedByDecision(departure) : ENDING);
    await this.#endSession(LINGER_MS);
  }

  /**
   * Reports the departure of the peer; in-flight calls continue. Idempotent.
   *
   * @param drainMs - milliseconds until the session ends, even with in-flight calls.
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
    if (this.#state !== 'ended') return;
    if (this.#lateGoAway === undefined) served.destroy();
    else served.dismiss(this.#lateGoAway);
  }

  peerAnnouncedDeparture(): void {
    this.#decision.peerAnnounced();
  }

  askedForNewConnection(): void {
    this.#decision.askedForNewConnection();
  }

  /**
   * Handles a failure of HTTP/2 on the forward stream. The stream still ends gracefully, after the GOAWAY
   * that explains the failure, but backchannel calls then get no time to finish.
   */
  fail(error: Error): void {
    this.#failure ??= error;
    this.depart({ cause: 'lost', error });
  }

  /** Handles the end of the forward stream: backchannel calls get their time to finish. */
  #endForward(): void {
    if (this.#forward === 'ended' || this.#state === 'ended') return;
    this.#forward = 'ended';
    this.depart(this.#decision.graceful);
    void this.#closeChannel();
  }

  async #closeChannel(): Promise<void> {
    await begunCalls(this.#channel as ChannelInterface);
    this.#channel.close();
    this.#isClosed = true;
    this.#endIfThrough();
  }

  #onSessionEnd(error: Error | undefined): void {
    const isFailure = error !== undefined && error === this.#failure;
    this.depart(isFailure ? { cause: 'lost', error } : this.#decision.atEnd(error));
    // Streams that end with the session tell calls why, also those that wait for the stream to connect.
    this.#end(undefined, () => setImmediate(() => this.#channel.close()));
  }

  #endIfThrough(): void {
    if (this.#isClosed && this.#backStreams === 0) this.#end();
  }

  /**
   * Ends the session. Every end of a session runs this method.
   *
   * @param goAway - sent to a peer whose forward calls are still served.
   * @param closeChannel - closes the channel of backchannel calls, at once by default.
   */
  #end(goAway?: GoAway, closeChannel = () => this.#channel.close()): void {
    if (this.#state === 'ended') return;
    this.depart(this.#decision.graceful);
    this.#state = 'ended';
    clearTimeout(this.#timer);
    if (this.#forward === 'open') this.#endServing(goAway);
    closeChannel();
    const limitMs = this.#forward === 'open' ? 0 : this.#drainTime.leftMs;
    void this.#endSession(limitMs + LINGER_MS);
  }

  /** Stops serving forward calls. */
  #endServing(goAway: GoAway | undefined): void {
    if (goAway === undefined) this.#parts.stream.destroy();
    else if (this.#served === undefined) this.#lateGoAway = goAway;
    else this.#served.dismiss(goAway);
  }

  /** Ends the session after a GOAWAY that waits for serving to begin: in this turn, or never. */
  async #endSession(limitMs: number): Promise<void> {
    if (this.#lateGoAway !== undefined) {
      await nextTurn();
      if (this.#served === undefined) this.#parts.stream.destroy();
    }
    await endSession(this.#parts.session, limitMs);
  }

  #createChannel(): DialChannel {
    const { engine, channelOptions, connection } = this.#parts;
    const channel = engine.createStreamChannel(() => this.#openBack(), channelOptions, connection);
    watchConnectivity(channel, (state) => {
      if (state !== connectivityState.IDLE || !isFarewell(channel.lastGoAway)) return;
      this.#decision.peerAnnounced();
      this.depart(this.#decision.graceful);
    });
    return channel;
  }

  async #openBack(): Promise<Duplex> {
    const stream = await this.#parts.session.open();
    this.#streams.add(stream);
    this.#backStreams += 1;
    onWritableEnd(stream, () => {
      this.#backStreams -= 1;
      this.#endIfThrough();
    });
    return stream;
  }
}

/**
 * Turns of the event loop until grpc-js has sent a call. GOAWAY would overtake a call that is not sent yet,
 * and the other end would not accept that call.
 */
const TURNS_TO_SEND = 4;

/**
 * Waits until begun calls are sent. Calls that wait for a connection attempt count too: closing would end
 * them. The first call may begin such an attempt during the wait.
 */
async function begunCalls(channel: ChannelInterface): Promise<void> {
  let turns = 0;
  do {
    if (isConnecting(channel)) {
      await endOfAttempt(channel);
      turns = 0;
    }
    await nextTurn();
    turns += 1;
  } while (turns < TURNS_TO_SEND || isConnecting(channel));
}

function isConnecting(channel: ChannelInterface): boolean {
  return channel.getConnectivityState(false) === connectivityState.CONNECTING;
}

function endOfAttempt(channel: ChannelInterface): Promise<void> {
  return new Promise((resolve) => {
    channel.watchConnectivityState(connectivityState.CONNECTING, Infinity, () => resolve());
  });
}
