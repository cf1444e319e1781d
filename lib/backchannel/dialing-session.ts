import type { Duplex } from 'node:stream';
import {
  announceEnd,
  isAbuse,
  type ConnectionInfo,
  type ConnectionServer,
  type ServedStream,
} from '../grpc/index.js';
import { LINGER_MS } from '../wire/index.js';
import { DrainTime } from './drain-time.js';
import { endSession } from './end-session.js';
import type { MultiplexSession } from './session-factory.js';
import { SessionStreams } from './session-streams.js';
import { onWritableEnd } from './stream-end.js';

/**
 * Streams of the other end that are served at once. One is usual, and another one while the first only
 * finishes its calls: gRPC leaves a connection that said GOAWAY for a new one.
 */
const MAX_SERVED_STREAMS = 4;

/**
 * A session of the dialing side from its handshake to its end: serves the streams that the other end
 * opens, and decides what happens to them when the stream of forward calls ends.
 *
 * In order, calls finish first: the other end, which knows whether it has any under way, ends its
 * streams and the connection then. One that does not is told to, and is not waited for longer than calls
 * may take. Anything else than an end in order ends all of it at once.
 */
export class DialingSession {
  /** Settles when the session is over. */
  readonly closed: Promise<unknown>;
  readonly #session: MultiplexSession;
  readonly #server: ConnectionServer;
  readonly #drainTime: DrainTime;
  readonly #streams: SessionStreams;
  readonly #served = new Set<ServedStream>();
  /** The stream of forward calls. */
  #forward: Duplex | undefined;
  /** `leaving`: there are no more forward calls. `ending`: the other end has been told so. */
  #state: 'open' | 'leaving' | 'ending' | 'ended' = 'open';
  #drainTimer: NodeJS.Timeout | undefined;
  #patienceTimer: NodeJS.Timeout | undefined;

  /**
   * @param server - of this session alone; it is stopped with it.
   * @param drainMs - milliseconds that calls of the other end may take to finish.
   */
  constructor(session: MultiplexSession, server: ConnectionServer, drainMs: number) {
    this.#session = session;
    this.#server = server;
    this.#drainTime = new DrainTime(drainMs);
    this.#streams = new SessionStreams(session);
    this.closed = session.closed.then(() => this.#end());
  }

  /** Destroys `stream`, which the other end has opened, when the session has ended. */
  add(stream: Duplex): void {
    this.#streams.add(stream);
  }

  /** Serves the calls of a stream that the other end has opened; resets one that is too much. */
  serve(stream: Duplex, connection: ConnectionInfo): void {
    if (this.#state === 'ended' || this.#served.size >= MAX_SERVED_STREAMS) {
      stream.destroy();
      return;
    }
    const served = this.#server.serve(stream, connection);
    this.#streams.add(stream);
    this.#served.add(served);
    onWritableEnd(stream, () => {
      this.#served.delete(served);
      this.#endIfThrough();
    });
  }

  /**
   * HTTP/2 on one of the streams has failed. That is the end of the stream only, unless the other end has
   * used up what it may do for nothing: with another stream it would go on.
   */
  fail(error: Error): void {
    if (isAbuse(error)) this.#end();
  }

  /** Ends with `stream`, the one of forward calls. */
  follow(stream: Duplex): void {
    this.#forward = stream;
    this.#streams.add(stream);
    onWritableEnd(stream, (inOrder) => {
      if (inOrder) this.#leave();
      else this.#end();
    });
  }

  /** Ends all of it, within a second, whatever the other end does. Idempotent; never rejects. */
  async close(): Promise<void> {
    this.#takeLeave();
    this.#end();
    await endSession(this.#session);
  }

  /**
   * Tells the other end that the connection ends in order, unless that was said: without a word it would
   * be lost. Writers of HTTP/2 write whole frames, so one more fits between theirs.
   */
  #takeLeave(): void {
    if (this.#state === 'ended' || !this.#forward?.writable) return;
    announceEnd(this.#forward);
  }

  /** The one way out. */
  #end(): void {
    if (this.#state === 'ended') return;
    const limitMs = this.#state === 'open' ? 0 : this.#drainTime.leftMs;
    this.#state = 'ended';
    clearTimeout(this.#drainTimer);
    clearTimeout(this.#patienceTimer);
    this.#server.forceShutdown();
    void endSession(this.#session, limitMs + LINGER_MS);
  }

  #leave(): void {
    if (this.#state !== 'open') return;
    this.#state = 'leaving';
    this.#drainTimer = setTimeout(() => this.#end(), this.#drainTime.leftMs).unref();
    // The other end may not know it yet: calls may still be on their way, and streams for them.
    this.#patienceTimer = setTimeout(() => this.#endStreams(), LINGER_MS).unref();
  }

  #endStreams(): void {
    this.#state = 'ending';
    for (const served of this.#served) served.drain(this.#drainTime.leftMs);
    this.#endIfThrough();
  }

  #endIfThrough(): void {
    if (this.#state === 'ending' && this.#served.size === 0) this.#end();
  }
}
