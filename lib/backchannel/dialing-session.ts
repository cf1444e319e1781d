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
 * Maximum number of served streams. Usually there is one. After a GOAWAY, the channel of the other end
 * opens a second stream, while the first one only finishes its calls.
 */
const MAX_SERVED_STREAMS = 4;

/**
 * A session of the dialing side from its handshake to its end. The forward stream, which this side opens,
 * carries forward calls: those of this side. The other end opens streams for backchannel calls: those to
 * this side. The session serves these streams, and decides when they end after the forward stream.
 *
 * When the forward stream ends gracefully, backchannel calls get `drainMs` to finish. The other end ends
 * its streams and the connection after its last call. After one second, this side drains the streams that
 * are still open, and ends the session after the last one. Without such a stream this side waits for the
 * other end, which may be about to open its first one. If the forward stream is cut, the session ends at
 * once.
 */
export class DialingSession {
  /** Settles when the session has ended. */
  readonly closed: Promise<unknown>;
  readonly #session: MultiplexSession;
  readonly #server: ConnectionServer;
  readonly #drainTime: DrainTime;
  readonly #streams: SessionStreams;
  readonly #served = new Set<ServedStream>();
  /** Stream of forward calls. */
  #forward: Duplex | undefined;
  /**
   * `leaving`: there are no more forward calls. `ending`: the streams of the other end are being drained.
   */
  #state: 'open' | 'leaving' | 'ending' | 'ended' = 'open';
  #drainTimer: NodeJS.Timeout | undefined;
  #patienceTimer: NodeJS.Timeout | undefined;

  /**
   * @param server - serves this session only, and is stopped with it.
   * @param drainMs - milliseconds that calls of the other end may take to finish.
   */
  constructor(session: MultiplexSession, server: ConnectionServer, drainMs: number) {
    this.#session = session;
    this.#server = server;
    this.#drainTime = new DrainTime(drainMs);
    this.#streams = new SessionStreams(session);
    this.closed = session.closed.then(() => this.#end());
  }

  /**
   * Accepts a stream beside the calls, which ends with the session. Returns false, and destroys the stream,
   * if the session has ended.
   */
  accept(stream: Duplex): boolean {
    if (this.#state === 'ended') {
      stream.destroy();
      return false;
    }
    this.#streams.add(stream);
    return true;
  }

  /**
   * Serves the calls of a stream that the other end has opened; resets the stream if there are too many.
   */
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
   * Handles a failure of HTTP/2 on one of the streams. A failure ends only its stream, except for one
   * caused by abuse: the other end could go on with another stream, so the session ends.
   */
  fail(error: Error): void {
    if (isAbuse(error)) this.#end();
  }

  /** Binds the session to `stream`, the stream of forward calls: the session ends after it. */
  follow(stream: Duplex): void {
    this.#forward = stream;
    this.#streams.add(stream);
    onWritableEnd(stream, (inOrder) => {
      if (inOrder) this.#leave();
      else this.#end();
    });
  }

  /** Ends the session within one second. Idempotent; never rejects. */
  async close(): Promise<void> {
    this.#announceDeparture();
    this.#end();
    await endSession(this.#session);
  }

  /**
   * Sends GOAWAY on the forward stream if it is still writable: without GOAWAY the other end treats the
   * connection as lost. HTTP/2 writers write whole frames, so another frame fits between theirs.
   */
  #announceDeparture(): void {
    if (this.#state === 'ended' || !this.#forward?.writable) return;
    announceEnd(this.#forward);
  }

  /** Ends the session. Every end of a session runs this method. */
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
    // The other end may not know of the end yet: calls, and streams for them, may still arrive.
    this.#patienceTimer = setTimeout(() => this.#endStreams(), LINGER_MS).unref();
  }

  #endStreams(): void {
    this.#state = 'ending';
    for (const served of this.#served) served.drain(this.#drainTime.leftMs);
  }

  #endIfThrough(): void {
    if (this.#state === 'ending' && this.#served.size === 0) this.#end();
  }
}
