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
 * Reports the health of all backchannels of the application: whether each listening side listens, the
 * number of peers, and the connection state of each client. A health indicator for @nestjs/terminus,
 * which need not be installed:
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
   * `check` for Terminus, which treats a result with status `down` as a failure.
   *
   * @param key - the key of the result in Terminus.
   * @throws OptionError (as a rejection) naming a bad option, or a side that the application lacks.
   */
  async isHealthy<Key extends string>(
    key: Key,
    options?: BackchannelHealthOptions,
  ): Promise<BackchannelHealthResult<Key>> {
    return { [key]: this.check(options) } as BackchannelHealthResult<Key>;
  }

  /**
   * Returns the health, for use without Terminus.
   *
   * @throws OptionError naming a bad option, or a side that the application lacks.
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

  /** The providers of all modules under `token`. */
  #all<T>(token: Parameters<ModuleRef['get']>[0]): T[] {
    try {
      return this.#moduleRef.get<unknown, T>(token, { strict: false, each: true });
    } catch {
      return []; // Nest throws if no module provides `token`.
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
  // A test double of a client may have no `connection`.
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
