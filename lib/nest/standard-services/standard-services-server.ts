import type { ServiceDefinition } from '@grpc/grpc-js';
import type { OnModuleDestroy } from '@nestjs/common';
import type { GrpcOptions, MessageHandler } from '@nestjs/microservices';
import { usesIn, type BackchannelUse } from '../decorators/backchannel-uses.js';
import { GrpcHandlers } from '../grpc/grpc-handlers.js';
import { serviceName, type ServiceHost } from '../grpc/service-host.js';
import { loadPackages } from '../grpc/load-packages.js';
import type { ServiceSelection } from '../options/options.js';
import type { StandardServicesOptions } from '../options/standard-services-options.js';
import {
  packageAt,
  packageTree,
  servicesIn,
  type PackageTree,
  type ServiceEntry,
} from '../grpc/package-tree.js';
import {
  isSelected,
  selectedNamesOf,
  verifySelection,
  type NamedService,
  type SelectionPlace,
} from '../grpc/service-selection.js';
import { GrpcHealth } from './grpc-health.js';
import { addReflection } from './grpc-reflection.js';
import { OpenCalls } from './open-calls.js';

/** Options of a `StandardServicesServer`. */
type ServedOptions = Readonly<GrpcOptions['options']> & StandardServicesOptions & ServiceSelection;

/**
 * A gRPC server of Nest with optional standard services. `bindEvents` adds them after the services of
 * the controllers, before the server takes calls. Subclasses end them with `endStandardServices`.
 */
export abstract class StandardServicesServer extends GrpcHandlers implements OnModuleDestroy {
  readonly #health: GrpcHealth | undefined;
  readonly #hasReflection: boolean;
  readonly #selected: readonly string[] | undefined;
  #onBound: ((served: readonly string[]) => void)[] = [];
  /** The services for which controllers have handlers. */
  #served: ServiceDefinition[] = [];
  #openCalls: OpenCalls | undefined;
  /** Uses of `@Backchannel()` and `@PeerId()`, each with the service of the handler. */
  readonly #uses: { service: string; use: BackchannelUse }[] = [];

  /** @throws OptionError if the option `services` names a service that no package has. */
  constructor(options: ServedOptions, place: SelectionPlace) {
    super(options);
    const { health = false, reflection = false } = options;
    const services = selectedNamesOf(options);
    this.#health = health === false ? undefined : new GrpcHealth(health);
    this.#hasReflection = reflection;
    this.#selected = services;
    if (services !== undefined) verifySelection(services, this.#allServices(options), place);
  }

  /** Whether the option `services` is set. */
  get hasSelection(): boolean {
    return this.#selected !== undefined;
  }

  /** Calls `listener` with the services that have handlers, whenever handlers are bound. */
  onBound(listener: (served: readonly string[]) => void): void {
    this.#onBound.push(listener);
  }

  /** Called by Nest; `extras` has the uses that the decorators of the handler recorded. */
  override addHandler(
    pattern: { service?: string } | string,
    callback: MessageHandler,
    isEventHandler?: boolean,
    extras?: object,
  ): void {
    super.addHandler(pattern, callback, isEventHandler, extras);
    const service = typeof pattern === 'string' ? undefined : pattern?.service;
    if (service === undefined) return;
    this.#uses.push(...usesIn(extras).map((use) => ({ service, use })));
  }

  /** @internal Uses of `@Backchannel()` and `@PeerId()` in handlers of the services that are served. */
  protected get backchannelUses(): BackchannelUse[] {
    const names = this.#served.map(serviceName);
    const isServed = (service: string): boolean =>
      names.some((name) => name === service || name.endsWith(`.${service}`));
    return this.#uses.filter(({ service }) => isServed(service)).map(({ use }) => use);
  }

  /** Called by Nest: the selected services of one package. */
  override getServiceNames(tree: PackageTree): ServiceEntry[] {
    return super.getServiceNames(tree).filter((entry) => isSelected(this.#selected, named(entry)));
  }

  /** Called by Nest for each selected service. A service without handlers is not served. */
  override async createService(
    grpcService: { service: ServiceDefinition },
    name: string,
  ): Promise<object> {
    const handlers = await super.createService(grpcService, name);
    if (Object.keys(handlers).length > 0) this.#served.push(grpcService.service);
    return handlers;
  }

  /** Binds the handlers, then adds the standard services. */
  override async bindEvents(): Promise<void> {
    const openCalls = new OpenCalls(this.grpcClient as ServiceHost);
    this.#openCalls = openCalls;
    this.#served = [];
    await super.bindEvents();
    const names = this.#served.map(serviceName);
    for (const listener of this.#onBound) listener(names);
    await this.#health?.addTo(openCalls, names);
    if (this.#hasReflection) {
      await addReflection(openCalls, [...this.#served, ...openCalls.services]);
    }
  }

  /** Sets NOT_SERVING while calls are still accepted, because Nest closes servers later in its shutdown. */
  onModuleDestroy(): void {
    this.#health?.stop();
  }

  /** Sets NOT_SERVING, and ends the calls of the standard services. Must be called before draining. */
  protected endStandardServices(): void {
    this.#health?.stop();
    this.#openCalls?.end();
  }

  /** All services of the packages, read before the start and without `onLoadPackageDefinition`. */
  #allServices(options: ServedOptions): NamedService[] {
    const { onLoadPackageDefinition: _hook, ...others } = options;
    const definition = loadPackages(others);
    if (definition === undefined) return []; // Nest reports the error when the server starts.
    const root = packageTree(definition);
    return [options.package].flat().flatMap((name) => {
      const tree = packageAt(root, name);
      return tree === undefined ? [] : servicesIn(tree).map(named);
    });
  }
}

function named({ name, service }: ServiceEntry): NamedService {
  return { name, fullName: serviceName(service.service) };
}
