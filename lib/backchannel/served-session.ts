import type { Duplex } from 'node:stream';
import type { ConnectionInfo, ConnectionServer, ServedStream } from '../grpc/index.js';
import type { MultiplexSession } from './session-factory.js';
import { onceThrough } from './stream-end.js';

/**
 * A session of the dialing side from its handshake to its end: serves the streams that the other end
 * opens, and decides what happens to them when the stream of forward calls ends.
 *
 * In order, calls finish first: when the forward stream has ended, the other end is told to make no
 * more calls; when the last one is through, so is the session. Anything else ends all of it at once.
 */
export class ServedSession {
  readonly #session: MultiplexSession;
  readonly #server: ConnectionServer;
  readonly #drainMs: number;
  readonly #served = new Set<ServedStream>();
  #state: 'open' | 'draining' | 'ended' = 'open';
  #timer: NodeJS.Timeout | undefined;

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
    if (this.#state !== 'open') {
      stream.destroy();
      return;
    }
    const served = this.#server.serve(stream, connection);
    this.#served.add(served);
    onceThrough(stream, () => {
      this.#served.delete(served);
      if (this.#state === 'draining') this.#endIfThrough();
    });
  }

  /** Ends with `stream`, the one of forward calls. */
  follow(stream: Duplex): void {
    onceThrough(stream, (inOrder) => {
      if (inOrder) this.#drain();
      else this.end();
    });
  }

  /** Ends all of it. Idempotent. */
  end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#timer);
    this.#server.forceShutdown();
    void this.#session.close();
  }

  #drain(): void {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    for (const served of this.#served) served.drain(this.#drainMs);
    this.#timer = setTimeout(() => this.end(), this.#drainMs).unref();
    this.#endIfThrough();
  }

  #endIfThrough(): void {
    if (this.#served.size === 0) this.end();
  }
}
