import type { ServerOptions, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import type { DrainTime } from '../../backchannel/index.js';
import type { ConnectionServer, GrpcEngine } from '../../grpc/index.js';
import { toServerOptions } from '../options/channel-options.js';
import type { BackchannelServicesOptions } from '../options/options.js';
import type { StandardServicesOptions } from '../options/standard-services-options.js';
import { StandardServicesServer } from '../standard-services/standard-services-server.js';
import { DrainableServer } from './drainable-server.js';

/** How a `BackchannelServer` ends, and what it tells its client. */
export interface BackchannelServerSettings {
  engine: GrpcEngine;
  /** What calls have to finish on `close()`. */
  drainTime: DrainTime;
  /** The handlers are ready: connections may be made and kept. */
  onListen(): void;
  /** The handlers are no longer ready: no connections are to be made for their sake. */
  onClose(): void;
  /** It is going to listen again: the connections, whose other ends count on it no more, are to end. */
  onReopen(): Promise<void>;
}

/**
 * The dialing side as a transport strategy of Nest: has no port, but serves the application's
 * controllers to the other end of each of its client's connections. Made by `BackchannelClient`.
 */
export class BackchannelServer extends StandardServicesServer {
  readonly #useLog = new Logger('BackchannelModule');
  readonly #serverOptions: ServerOptions;
  readonly #settings: BackchannelServerSettings;
  /** One for each connection there is. */
  readonly #servers = new Set<DrainableServer>();
  #closing: Promise<unknown> | undefined;
  #services: [ServiceDefinition, UntypedServiceImplementation][] = [];

  constructor(
    options: BackchannelServicesOptions & StandardServicesOptions,
    settings: BackchannelServerSettings,
  ) {
    super({ ...options }, { call: 'BackchannelClient', option: 'backchannel.services' });
    this.#serverOptions = withoutAge(toServerOptions(options));
    this.#settings = settings;
  }

  /** Makes the server of one connection. */
  createConnectionServer(): ConnectionServer {
    const { engine } = this.#settings;
    const server = new DrainableServer(
      engine.createServer(this.#serverOptions),
      () => this.#closing !== undefined,
      () => this.#servers.delete(server),
    );
    for (const [service, implementation] of this.#services) {
      server.addService(service, implementation);
    }
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
    if (this.#closing !== undefined) await this.#reopen();
    this.grpcClient = { addService: this.#addService.bind(this) };
    await this.bindEvents();
    this.#warnOfBackchannelUses();
    this.#settings.onListen();
    callback?.();
  }

  /**
   * Tells the other end that this side leaves, and lets its calls finish. The client and its connections
   * go on, for handlers that need them; calls back that forward calls bring are still served. Idempotent.
   */
  override close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing as Promise<void>;
  }

  async #drain(): Promise<void> {
    this.endStandardServices();
    this.#settings.onClose();
    this.grpcClient = null;
    const { leftMs } = this.#settings.drainTime;
    await Promise.all([...this.#servers].map((server) => server.drain(leftMs)));
  }

  /** The other end of the connection did not dial: nobody can call it back, whatever the handler wants. */
  #warnOfBackchannelUses(): void {
    for (const { decorator, handler, optional } of this.backchannelUses) {
      if (optional) continue;
      this.#useLog.warn(
        `${decorator} of ${handler}: calls that come over the backchannel fail with FAILED_PRECONDITION, as their caller has dialed nobody; name what each side serves, with the option "services", or call the other end with the client`,
      );
    }
  }

  async #reopen(): Promise<void> {
    await this.#closing;
    await this.#settings.onReopen();
    this.#closing = undefined;
    this.#services = [];
  }

  #addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#services.push([service, implementation]);
    for (const server of this.#servers) server.addService(service, implementation);
  }
}

/** A stream of the session has no age of its own: to the other end its end means that this side leaves. */
function withoutAge(options: ServerOptions): ServerOptions {
  const {
    'grpc.max_connection_age_ms': _age,
    'grpc.max_connection_age_grace_ms': _grace,
    'grpc.max_connection_idle_ms': _idle,
    ...others
  } = options;
  return others;
}
