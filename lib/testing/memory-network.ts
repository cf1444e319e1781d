import type { Duplex } from 'node:stream';
import type { BackchannelNetwork } from '../nest/index.js';
import { MemoryConnection, type TestCertificate } from './memory-connection.js';
import { networkError } from './network-error.js';
import { reaches } from './reaches.js';

/** Takes a connection. */
export type Accept = (connection: Duplex) => void;

/**
 * A network without ports, for the applications of one test: provide it as `BACKCHANNEL_NETWORK`, and
 * who dials a url reaches who listens on it. Everything above runs as in production, except for TLS:
 * `credentials` are ignored, see `withCertificate`.
 *
 * A listener on `0.0.0.0` or `[::]` is reached by every host name at its port; port 0 is a port like
 * any other.
 */
export class MemoryNetwork implements BackchannelNetwork {
  readonly #listeners = new Map<string, Accept>();
  /** The dialing ends of connections that are open. */
  readonly #connections = new Set<MemoryConnection>();
  #isDown = false;

  /** The urls that are listened on. */
  get urls(): string[] {
    return [...this.#listeners.keys()];
  }

  /** Number of connections that are open. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** @throws Error EADDRINUSE if somebody listens on `url`. */
  listen(url: string, accept: Accept): () => void {
    if (this.#listeners.has(url)) {
      throw networkError(
        'EADDRINUSE',
        `somebody listens on ${JSON.stringify(url)} of this MemoryNetwork already: give each listener a url of its own, or each test a network`,
      );
    }
    this.#listeners.set(url, accept);
    return () => {
      if (this.#listeners.get(url) === accept) this.#listeners.delete(url);
    };
  }

  /** @throws Error ECONNREFUSED (as a rejection) if nobody listens on `url`, or the network is down. */
  dial(url: string): Promise<Duplex> {
    return this.#dial(url);
  }

  /** Whether somebody listens where `url` leads. */
  isReachable(url: string): boolean {
    return this.#find(url) !== undefined;
  }

  /**
   * The same network for somebody who shows a certificate when dialing, as by mutual TLS: what
   * `authorizePeer` finds in `candidate.certificate`, and applications in `peer.certificate`.
   */
  withCertificate(certificate: TestCertificate): BackchannelNetwork {
    return {
      listen: (url, accept) => this.listen(url, accept),
      dial: (url) => this.#dial(url, certificate),
    };
  }

  /** Cuts all connections, without a word to either end. New ones can be made at once. */
  cut(): void {
    for (const connection of this.#connections) {
      connection.destroy(networkError('ECONNRESET', 'the connection was cut'));
    }
  }

  /** Cuts all connections; nobody can dial until `goUp()`. */
  goDown(): void {
    this.#isDown = true;
    this.cut();
  }

  /** Ends what `goDown()` began. */
  goUp(): void {
    this.#isDown = false;
  }

  async #dial(url: string, certificate?: TestCertificate): Promise<Duplex> {
    await new Promise(setImmediate);
    if (this.#isDown) {
      throw networkError('ECONNREFUSED', `cannot dial ${JSON.stringify(url)}: the network is down`);
    }
    const accept = this.#find(url);
    if (accept === undefined) throw this.#nobodyAt(url);
    const [dialing, listening] = MemoryConnection.pair(certificate);
    this.#connections.add(dialing);
    dialing.once('close', () => this.#connections.delete(dialing));
    accept(listening);
    return dialing;
  }

  #find(url: string): Accept | undefined {
    const exact = this.#listeners.get(url);
    if (exact !== undefined) return exact;
    for (const [listened, accept] of this.#listeners) if (reaches(url, listened)) return accept;
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
