import type { Duplex } from 'node:stream';
import type { ChannelOptions } from '@grpc/grpc-js';
import type { ConnectionInfo, GrpcEngine } from '../grpc/index.js';
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
 * In order, calls finish first: when the forward stream has ended, no handler is left that could call
 * back, so the channel is closed; when its last call is through, so is the session. Anything else ends
 * all of it at once.
 */
export class PeerSession implements PeerLink {
  readonly channel: ReturnType<GrpcEngine['createStreamChannel']>;
  readonly #parts: PeerSessionParts;
  readonly #onDeparture: (departure: Departure) => void;
  /** Streams of the channel; more than one only while one replaces another. */
  readonly #backStreams = new Set<Duplex>();
  /** `leaving`: nobody finds the peer any more, calls finish. `ended`: no calls. */
  #state: 'open' | 'leaving' | 'ended' = 'open';
  #forwardEnded = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param onDeparture - told once, when the peer is no longer to be found. */
  constructor(parts: PeerSessionParts, onDeparture: (departure: Departure) => void) {
    const { session, stream, engine, channelOptions, connection } = parts;
    this.#parts = parts;
    this.#onDeparture = onDeparture;
    this.channel = engine.createStreamChannel(() => this.#openBack(), channelOptions, connection);
    onceThrough(stream, (inOrder) => {
      if (inOrder) this.#endForward();
      else this.#lose(stream.errored ?? new Error('this side cut the stream of forward calls'));
    });
    void session.closed.then((error) => this.#lose(error));
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

  /** There are no more forward calls: backchannel calls get their time to finish. */
  #endForward(): void {
    if (this.#forwardEnded) return;
    this.#forwardEnded = true;
    this.depart({ cause: 'left' });
    this.channel.close();
    this.#timer = setTimeout(() => this.#end(), this.#parts.drainMs).unref();
    this.#endIfThrough();
  }

  #lose(error: Error | undefined): void {
    this.depart(
      error === undefined || isHangUp(error) ? { cause: 'left' } : { cause: 'lost', error },
    );
    this.#end();
  }

  #endIfThrough(): void {
    if (this.#forwardEnded && this.#backStreams.size === 0) this.#end();
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
