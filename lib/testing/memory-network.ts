import type { Duplex } from 'node:stream';
import type {
  BackchannelCarrier,
  CarrierDialOptions,
  CarrierListener,
  ConnectionAcceptor,
} from '../nest/index.js';
import { MemoryConnection, type TestCertificate } from './memory-connection.js';
import { networkError } from './network-error.js';
import { reaches } from './reaches.js';

/** A `MemoryNetwork`, or a view of one, as the sides of an application use it. */
export type MemoryCarrier = Pick<MemoryNetwork, 'listen' | 'dial'>;

/** Takes the connections of a listener; a `ListenMux` is one. */
export type MemoryAcceptor = Pick<ConnectionAcceptor, 'handle'>;

/**
 * An in-memory network without ports, for the applications of one test. Provide it as
 * `BACKCHANNEL_CARRIER`: a client that dials a url reaches the listener on that url. All layers above
 * run as in production, except TLS: `credentials` are ignored, see `withCertificate`.
 *
 * Every host name reaches a listener on `0.0.0.0` or `[::]` at its port. Port 0 has no special meaning.
 */
export class MemoryNetwork implements BackchannelCarrier {
  readonly #listeners = new Map<string, MemoryAcceptor>();
  /** The dialing ends of open connections. */
  readonly #connections = new Set<MemoryConnection>();
  #isDown = false;

  /** The urls that have a listener. */
  get urls(): string[] {
    return [...this.#listeners.keys()];
  }

  /** Number of open connections. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** @throws Error EADDRINUSE if `url` already has a listener. */
  listen(url: string, acceptor: MemoryAcceptor): CarrierListener {
    if (this.#listeners.has(url)) {
      throw networkError(
        'EADDRINUSE',
        `somebody listens on ${JSON.stringify(url)} of this MemoryNetwork already: give each listener a url of its own, or each test a network`,
      );
    }
    // A new object for each listener: `stop` must not end a later listener with the same acceptor.
    const listener: MemoryAcceptor = { handle: (connection) => acceptor.handle(connection) };
    this.#listeners.set(url, listener);
    const stop = (): void => {
      if (this.#listeners.get(url) === listener) this.#listeners.delete(url);
    };
    return { address: url, stop };
  }

  /** @throws Error ECONNREFUSED (as a rejection) if `url` has no listener, or the network is down. */
  dial(url: string, options?: Pick<CarrierDialOptions, 'signal'>): Promise<Duplex> {
    return this.#dial(url, undefined, options?.signal);
  }

  /** Whether `url` leads to a listener. */
  isReachable(url: string): boolean {
    return this.#find(url) !== undefined;
  }

  /**
   * A view for a dialing side that presents a certificate, as with mutual TLS. `authorizePeer`
   * gets the certificate as `candidate.certificate`, and applications get it as `peer.certificate`.
   */
  withCertificate(certificate: TestCertificate): MemoryCarrier {
    return {
      listen: (url, acceptor) => this.listen(url, acceptor),
      dial: (url, options) => this.#dial(url, certificate, options?.signal),
    };
  }

  /** Aborts all connections: both ends get ECONNRESET. New connections are possible at once. */
  cut(): void {
    for (const connection of this.#connections) {
      connection.destroy(networkError('ECONNRESET', 'the connection was cut'));
    }
  }

  /** Aborts all connections, and refuses new ones until `goUp()`. */
  goDown(): void {
    this.#isDown = true;
    this.cut();
  }

  /** Accepts connections again after `goDown()`. */
  goUp(): void {
    this.#isDown = false;
  }

  async #dial(url: string, certificate?: TestCertificate, signal?: AbortSignal): Promise<Duplex> {
    await new Promise(setImmediate);
    signal?.throwIfAborted();
    if (this.#isDown) {
      throw networkError('ECONNREFUSED', `cannot dial ${JSON.stringify(url)}: the network is down`);
    }
    const acceptor = this.#find(url);
    if (acceptor === undefined) throw this.#nobodyAt(url);
    const [dialing, listening] = MemoryConnection.pair(certificate);
    this.#connections.add(dialing);
    dialing.once('close', () => this.#connections.delete(dialing));
    acceptor.handle(listening);
    return dialing;
  }

  #find(url: string): MemoryAcceptor | undefined {
    const exact = this.#listeners.get(url);
    if (exact !== undefined) return exact;
    for (const [listened, acceptor] of this.#listeners) {
      if (reaches(url, listened)) return acceptor;
    }
    return undefined;
  }

  #nobodyAt(url: string): Error {
    const urls = this.urls.map((listened) => JSON.stringify(listened)).join(', ');
    return networkError(
      'ECONNREFUSED',
      `nobody listens on ${JSON.stringify(url)} of this MemoryNetwork; ${urls ? `there is ${urls}` : 'nobody listens at all'}`,
    );
  }
}
