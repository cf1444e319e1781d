import type { ServerOptions, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import type { DrainTime } from '../../backchannel/index.js';
import type { ConnectionInfo, ConnectionServer, GrpcEngine } from '../../grpc/index.js';
import { requiredUses } from '../decorators/backchannel-uses.js';
import { toServerOptions } from '../options/channel-options.js';
import type { BackchannelServicesOptions } from '../options/options.js';
import type { StandardServicesOptions } from '../options/standard-services-options.js';
import { EngineServers } from '../standard-services/engine-servers.js';
import { StandardServicesServer } from '../standard-services/standard-services-server.js';
import { DrainableServer } from './drainable-server.js';

/** Settings of a `BackchannelServer`. */
export interface BackchannelServerSettings {
  readonly engine: GrpcEngine;
  /** Time for in-flight calls to finish on `close()`. */
  readonly drainTime: DrainTime;
}

/** The client of a `BackchannelServer`, which receives its events. */
export interface BackchannelServerOwner {
  /** The handlers are ready: connect and stay connected. */
  onListen(): void;
  /** The handlers are no longer ready: make no more connections for them. */
  onClose(): void;
  /**
   * The server is about to listen again: end the connections. The other ends have removed this peer, and
   * only new connections register it again.
   */
  onReopen(): Promise<void>;
  /** The calls of the other end on `connection` are about to be served. */
  onServe(connection: ConnectionInfo): void;
}

/**
 * The dialing side as a Nest transport strategy. Has no port: serves the controllers of the application to
 * the other end of each connection of its client. Created by `BackchannelClient`.
 */
export class BackchannelServer extends StandardServicesServer {
  readonly #useLog = new Logger('BackchannelModule');
  readonly #engineServers: EngineServers;
  readonly #settings: BackchannelServerSettings;
  /** One server for each open connection. */
  readonly #servers = new Set<DrainableServer>();
  #owner: BackchannelServerOwner | undefined;
  #closing: Promise<unknown> | undefined;
  #services: [ServiceDefinition, UntypedServiceImplementation][] = [];

  /** @throws OptionError if the engine cannot serve what the options say. */
  constructor(
    options: BackchannelServicesOptions & StandardServicesOptions,
    settings: BackchannelServerSettings,
  ) {
    super({ ...options }, { call: 'BackchannelClient', option: 'backchannel.services' });
    this.#engineServers = new EngineServers(
      settings.engine,
      withoutAge(toServerOptions(options)),
      options.unknownMethodHandler,
      { call: 'BackchannelClient', option: 'backchannel.unknownMethodHandler' },
    );
    this.#settings = settings;
  }

  /** @internal Time for in-flight calls to finish on `close()`; the client uses the rest of it. */
  get drainTime(): DrainTime {
    return this.#settings.drainTime;
  }

  /** @internal Sets the client that uses this server. A server has one client. */
  belongTo(owner: BackchannelServerOwner): void {
    this.#owner = owner;
  }

  /** Creates the server of one connection. */
  createConnectionServer(): ConnectionServer {
    const server = new DrainableServer(this.#engineServers.create(), {
      isLeaving: () => this.#closing !== undefined,
      onServe: (connection) => this.#owner?.onServe(connection),
      onShutdown: () => this.#servers.delete(server),
    });
    for (const [service, implementation] of this.#services) {
      server.addService(service, implementation);
    }
    this.#servers.add(server);
    return server;
  }

  /** Called by Nest: binds the handlers. The client connects after that. */
  override async listen(
    callback: (error?: unknown, ...optionalParams: unknown[]) => void,
  ): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  /** Binds the handlers to the services in the options. */
  override async start(callback?: () => void): Promise<void> {
    if (this.#closing !== undefined) await this.#reopen();
    this.grpcClient = { addService: this.#addService.bind(this) };
    await this.bindEvents();
    this.#warnOfBackchannelUses();
    this.#owner?.onListen();
    callback?.();
  }

  /**
   * Tells the other end that this side leaves, and lets its calls finish. The client and its connections
   * stay open for handlers that use them. Backchannel calls that forward calls cause are still served.
   * Idempotent.
   */
  override close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing as Promise<void>;
  }

  async #drain(): Promise<void> {
    this.endStandardServices();
    this.#owner?.onClose();
    this.grpcClient = null;
    const { leftMs } = this.#settings.drainTime;
    await Promise.all([...this.#servers].map((server) => server.drain(leftMs)));
  }

  /**
   * Warns of handlers that call back: the other end of these connections did not dial, so it has no
   * backchannel.
   */
  #warnOfBackchannelUses(): void {
    for (const { decorator, handler } of requiredUses(this.backchannelUses, 'peer')) {
      this.#useLog.warn(
        `${decorator} of ${handler}: calls that come over the backchannel fail with FAILED_PRECONDITION, as their caller has dialed nobody; name what each side serves, with the option "services", or call the other end with the client`,
      );
    }
  }

  async #reopen(): Promise<void> {
    await this.#closing;
    await this.#owner?.onReopen();
    this.#closing = undefined;
    this.#services = [];
  }

  #addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#services.push([service, implementation]);
    for (const server of this.#servers) server.addService(service, implementation);
  }
}

/**
 * Removes the limits on connection age and idle time: a stream that ends for one of these reasons would
 * tell the other end that this side leaves.
 */
function withoutAge(options: ServerOptions): ServerOptions {
  const {
    'grpc.max_connection_age_ms': _age,
    'grpc.max_connection_age_grace_ms': _grace,
    'grpc.max_connection_idle_ms': _idle,
    ...others
  } = options;
  return others;
}
