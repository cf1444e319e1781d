import type { Duplex } from 'node:stream';
import { closeAll } from './closing/close-all.js';

/**
 * Where connections come from instead of TCP: the in-memory one of `nestjs-backchannel/testing`, or any
 * other byte stream that keeps order and loses nothing.
 */
export interface BackchannelNetwork {
  /**
   * Listens for those who dial `url`.
   *
   * @param accept - is handed every connection.
   * @returns a function that accepts no more.
   */
  listen(url: string, accept: (connection: Duplex) => void): () => void;
  /** Connects to who listens on `url`. */
  dial(url: string): Promise<Duplex>;
}

/**
 * Injection token of the `BackchannelNetwork` that all `BackchannelModule`s of an application use. Null
 * is TCP. For `overrideProvider` in tests.
 */
export const BACKCHANNEL_NETWORK = 'BACKCHANNEL_NETWORK';

/** Listens on a network that is not TCP, as `ListenerGroup` does on TCP. */
export class NetworkListener {
  readonly address: string;
  readonly stopAccepting: () => void;
  readonly #connections = new Set<Duplex>();

  /** @throws what the network throws when it cannot listen on `url`. */
  constructor(network: BackchannelNetwork, url: string, accept: (connection: Duplex) => void) {
    this.address = url;
    this.stopAccepting = network.listen(url, (connection) => {
      this.#connections.add(connection);
      connection.once('close', () => this.#connections.delete(connection));
      accept(connection);
    });
  }

  /** Waits until all connections have closed, and closes those that have not within `graceMs`. */
  closeConnections(graceMs: number): Promise<void> {
    return closeAll(this.#connections, graceMs);
  }
}
