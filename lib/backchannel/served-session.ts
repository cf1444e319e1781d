import type { Duplex } from 'node:stream';
import type { ConnectionInfo, ConnectionServer, ServedStream } from '../grpc/index.js';
import { LAST_WORDS_MS } from './drain-time.js';
import type { MultiplexSession } from './session-factory.js';
import { onceThrough } from './stream-end.js';

/**
 * A session of the dialing side from its handshake to its end: serves the streams that the other end
 * opens, and decides what happens to them when the stream of forward calls ends.
 *
 * In order, calls finish first: the other end, which knows whether it has any under way, ends its
 * streams and the connection then. One that does not is told to, and is not waited for longer than calls
 * may take. Anything else than an end in order ends all of it at once.
 */
export class ServedSession {
  readonly #session: MultiplexSession;
  readonly #server: ConnectionServer;
  readonly #drainMs: number;
  readonly #served = new Set<ServedStream>();
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
    this.#drainMs = drainMs;
    void session.closed.then(() => this.end());
  }

  /** Serves the calls of a stream that the other end has opened. */
  serve(stream: Duplex, connection: ConnectionInfo): void {
    if (this.#state === 'ended') {
      stream.destroy();
      return;
    }
    const served = this.#server.serve(stream, connection);
    this.#served.add(served);
    onceThrough(stream, () => {
      this.#served.delete(served);
      this.#endIfThrough();
    });
  }

  /** Ends with `stream`, the one of forward calls. */
  follow(stream: Duplex): void {
    onceThrough(stream, (inOrder) => {
      if (inOrder) this.#leave();
      else this.end();
    });
  }

  /** Ends all of it. Idempotent. */
  end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#drainTimer);
    clearTimeout(this.#patienceTimer);
    this.#server.forceShutdown();
    void this.#session.close();
  }

  #leave(): void {
    if (this.#state !== 'open') return;
    this.#state = 'leaving';
    this.#drainTimer = setTimeout(() => this.end(), this.#drainMs).unref();
    // The other end may not know it yet: calls may still be on their way, and streams for them.
    this.#patienceTimer = setTimeout(() => this.#endStreams(), LAST_WORDS_MS).unref();
  }

  #endStreams(): void {
    this.#state = 'ending';
    for (const served of this.#served) served.drain(this.#drainMs);
    this.#endIfThrough();
  }

  #endIfThrough(): void {
    if (this.#state === 'ending' && this.#served.size === 0) this.end();
  }
}
