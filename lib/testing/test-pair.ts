import type { INestApplication } from '@nestjs/common';
import type { Peer, Registry } from '../backchannel/index.js';
import type { BackchannelClient } from '../nest/index.js';
import type { MemoryNetwork } from './memory-network.js';

/** Parts of a `TestPair`. */
export interface TestPairParts {
  readonly listening: INestApplication;
  readonly dialing: INestApplication;
  readonly network: MemoryNetwork;
  readonly registry: Registry;
  /** The clients of the dialing side, by name. */
  readonly clients: ReadonlyMap<string, BackchannelClient>;
}

/** A listening and a dialing application, connected in memory; made by `createTestPair`. */
export class TestPair {
  readonly #parts: TestPairParts;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(parts: TestPairParts) {
    this.#parts = parts;
  }

  /** The application of the listening side. */
  get listening(): INestApplication {
    return this.#parts.listening;
  }

  /** The application of the dialing side. */
  get dialing(): INestApplication {
    return this.#parts.dialing;
  }

  /** The network between the applications, which a test can cut. */
  get network(): MemoryNetwork {
    return this.#parts.network;
  }

  /** The peers of the listening side. */
  get registry(): Registry {
    return this.#parts.registry;
  }

  /**
   * The dialing application as a peer of the listening side: the newest peer. Each reconnect makes a new
   * one.
   *
   * @throws Error if no peer is connected.
   */
  get peer(): Peer {
    const newest = [...this.registry].at(-1);
    if (newest === undefined) {
      throw new Error('no peer is connected: "await pair.registry.waitFor()" waits for one');
    }
    return newest;
  }

  /**
   * A client of the dialing side.
   *
   * @param name - the registered name; optional if there is only one client.
   * @throws Error if there is no such client.
   */
  client(name?: string): BackchannelClient {
    const { clients } = this.#parts;
    const names = [...clients.keys()];
    const chosen = name ?? (names.length === 1 ? names[0] : undefined);
    const client = chosen === undefined ? undefined : clients.get(chosen);
    if (client !== undefined) return client;
    const wanted = name === undefined ? 'say which client' : `there is no client "${name}"`;
    throw new Error(`${wanted}: the dialing application registers ${names.join(', ')}`);
  }

  /** Closes both applications, the dialing one first. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.dialing.close();
    await this.listening.close();
  }
}
