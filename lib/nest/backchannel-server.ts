import type { ServerOptions, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { type ConnectionServer, type GrpcEngine, type StreamServer } from '../grpc/index.js';
import { toServerOptions } from './channel-options.js';
import type { BackchannelServicesOptions } from './options.js';
import { PausableServer } from './pausable-server.js';
import { StandardServicesServer, type StandardServicesOptions } from './standard-services.js';

/** How a `BackchannelServer` ends, and what it tells its client. */
export interface BackchannelServerSettings {
  engine: GrpcEngine;
  /** Milliseconds that calls have to finish on `close()`. */
  drainMs: number;
  /** The handlers are ready: connections may be made and kept. */
  onListen(): void;
  /** The handlers are no longer ready. */
  onClose(): void;
}

/**
 * The dialing side as a transport strategy of Nest: has no port, but serves the application's
 * controllers to the other end of each of its client's connections. Made by `BackchannelClient`.
 */
export class BackchannelServer extends StandardServicesServer {
  readonly #serverOptions: ServerOptions;
  readonly #settings: BackchannelServerSettings;
  /** One for each connection there is. */
  readonly #servers = new Set<PausableServer>();
  #closed = false;
  #services: [ServiceDefinition, UntypedServiceImplementation][] = [];

  constructor(
    options: BackchannelServicesOptions & StandardServicesOptions,
    settings: BackchannelServerSettings,
  ) {
    super({ ...options });
    this.#serverOptions = toServerOptions(options);
    this.#settings = settings;
  }

  /** Makes the server of one connection. */
  createConnectionServer(): ConnectionServer {
    const server = new PausableServer(
      () => this.#createServer(),
      () => this.#servers.delete(server),
    );
    this.#servers.add(server);
    return server;
  }

  /** Called by Nest: binds the handlers; from then on the client connects by itself. */
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

  /** Binds the handlers to the services that the options name. */
  override async start(callback?: () => void): Promise<void> {
    this.grpcClient = { addService: this.#addService.bind(this) };
    this.#services = [];
    this.#closed = false;
    await this.bindEvents();
    this.#settings.onListen();
    callback?.();
  }

  /** Ends the calls of the other end; the connections themselves are the client's. Idempotent. */
  override async close(): Promise<void> {
    this.endStandardServices();
    this.#settings.onClose();
    this.grpcClient = null;
    this.#closed = true;
    const servers = [...this.#servers];
    await Promise.all(servers.map((server) => server.pause(this.#settings.drainMs)));
  }

  /** None after `close()`: who calls then is to find us unavailable, rather than without services. */
  #createServer(): StreamServer | undefined {
    if (this.#closed) return undefined;
    const server = this.#settings.engine.createServer(this.#serverOptions);
    for (const [service, implementation] of this.#services) {
      server.addService(service, implementation);
    }
    return server;
  }

  #addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#services.push([service, implementation]);
    for (const server of this.#servers) server.addService(service, implementation);
  }
}
