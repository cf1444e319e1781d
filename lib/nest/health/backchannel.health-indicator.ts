import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import {
  listOf,
  nonEmptyText,
  OptionError,
  verifyOptions,
  wholeNumber,
  type Rules,
} from '../../options/index.js';
import type { ConnectionState } from '../dialing/connection-state.js';
import { ListenMuxServer } from '../listening/listen-mux-server.js';
import type {
  BackchannelHealth,
  BackchannelHealthOptions,
  BackchannelHealthResult,
  ClientHealth,
  ListenerHealth,
} from './backchannel-health.js';
import { REGISTERED_CLIENT, type RegisteredClient } from './registered-client.js';

const RULES: Rules<BackchannelHealthOptions> = {
  minPeers: wholeNumber(0),
  clients: listOf('an array of names of clients', nonEmptyText),
};

/**
 * Tells how the backchannel is, all of the application's: whether it listens, how many peers there are,
 * and what the connection of each client does. A health indicator for @nestjs/terminus, which need not
 * be installed:
 *
 * ```ts
 * this.health.check([() => this.backchannel.isHealthy('backchannel', { minPeers: 1 })]);
 * ```
 */
@Injectable()
export class BackchannelHealthIndicator {
  readonly #moduleRef: ModuleRef;

  constructor(@Inject(ModuleRef) moduleRef: ModuleRef) {
    this.#moduleRef = moduleRef;
  }

  /**
   * For Terminus, which takes a result with status `down` for a failure.
   *
   * @param key - what Terminus reports it under.
   * @throws OptionError (as a rejection) if `options` ask for what the application does not have.
   */
  async isHealthy<Key extends string>(
    key: Key,
    options?: BackchannelHealthOptions,
  ): Promise<BackchannelHealthResult<Key>> {
    return { [key]: this.check(options) } as BackchannelHealthResult<Key>;
  }

  /**
   * The same without Terminus.
   *
   * @throws OptionError if `options` ask for what the application does not have.
   */
  check(given: BackchannelHealthOptions = {}): BackchannelHealth {
    const options = verifyOptions('BackchannelHealthIndicator', RULES, given);
    const servers = this.#all<ListenMuxServer>(ListenMuxServer);
    const registered = this.#all<RegisteredClient>(REGISTERED_CLIENT);
    verify(options, servers, registered);
    const listeners = servers.map(healthOfServer);
    const required = registered.filter(
      ({ name, lazy }) => options.clients?.includes(name) ?? !lazy,
    );
    const problems = [
      ...problemsOfListeners(listeners, options.minPeers ?? 0),
      ...required.map(healthOfClient).flatMap(problemsOfClient),
    ];
    return {
      status: problems.length === 0 ? 'up' : 'down',
      ...(problems.length > 0 && { message: problems.join('; ') }),
      listeners,
      clients: registered.map(healthOfClient),
    };
  }

  /** What all modules together provide under `token`. */
  #all<T>(token: Parameters<ModuleRef['get']>[0]): T[] {
    try {
      return this.#moduleRef.get<unknown, T>(token, { strict: false, each: true });
    } catch {
      return []; // Nest's way to say that no module does.
    }
  }
}

function verify(
  { minPeers = 0, clients = [] }: BackchannelHealthOptions,
  servers: ListenMuxServer[],
  registered: RegisteredClient[],
): void {
  if (minPeers > 0 && servers.length === 0) {
    throw new OptionError(
      '"minPeers" is for applications that listen: this one has no BackchannelModule.forRoot',
    );
  }
  const names = registered.map(({ name }) => name);
  const unknown = clients.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new OptionError(
      `"clients" names "${unknown}", which no registerClient does; there are: ${names.join(', ') || 'none'}`,
    );
  }
}

function healthOfServer({ address, registry }: ListenMuxServer): ListenerHealth {
  if (address === null || typeof address === 'string') return { address, peers: registry.size };
  const { family, address: host, port } = address;
  return {
    address: family === 'IPv6' ? `[${host}]:${port}` : `${host}:${port}`,
    peers: registry.size,
  };
}

function healthOfClient({ name, client }: RegisteredClient): ClientHealth {
  // What stands in for a client in a test has no connection to tell of.
  const connection: ConnectionState = client.connection ?? { state: 'ready' };
  return {
    name,
    state: connection.state,
    ...('error' in connection && connection.error && { error: connection.error.message }),
  };
}

function problemsOfListeners(listeners: ListenerHealth[], minPeers: number): string[] {
  const problems = listeners
    .filter(({ address }) => address === null)
    .map(() => 'the listening side does not listen');
  const peers = listeners.reduce((sum, listener) => sum + listener.peers, 0);
  return peers < minPeers ? [...problems, `${peers} of ${minPeers} peers are connected`] : problems;
}

function problemsOfClient({ name, state, error }: ClientHealth): string[] {
  if (state === 'ready') return [];
  return [`client "${name}" is not connected: ${error ?? state}`];
}
