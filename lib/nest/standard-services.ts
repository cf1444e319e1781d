import type { ServiceDefinition } from '@grpc/grpc-js';
import type { OnModuleDestroy } from '@nestjs/common';
import type { GrpcOptions } from '@nestjs/microservices';
import { GrpcHandlers } from './grpc-handlers.js';
import { GrpcHealth, type GrpcHealthImplementation } from './health/grpc-health.js';
import { addReflection } from './health/grpc-reflection.js';
import { OpenCalls } from './health/open-calls.js';
import { serviceName, type ServiceHost } from './health/service-host.js';

/** The services that gRPC servers of any kind have, one option each. */
export interface StandardServicesOptions {
  /**
   * `grpc.health.v1.Health`: whether the server, and each of its services, is serving. True takes the
   * implementation of the package `grpc-health-check`. Default false.
   */
  health?: boolean | GrpcHealthImplementation;
  /**
   * `grpc.reflection.v1` and `v1alpha`, of the package `@grpc/reflection`: whoever can connect can list
   * what is served. Default false.
   */
  reflection?: boolean;
}

/**
 * A gRPC server of Nest that can have the standard services. They are added behind those of the
 * controllers, so before anybody can call; what extends it says when they are over.
 */
export abstract class StandardServicesServer extends GrpcHandlers implements OnModuleDestroy {
  readonly #health: GrpcHealth | undefined;
  readonly #hasReflection: boolean;
  /** The services that controllers have methods of. */
  #served: ServiceDefinition[] = [];
  #openCalls: OpenCalls | undefined;

  /** @throws TypeError if `health` or `reflection` is not what it can be. */
  constructor(options: Readonly<GrpcOptions['options']> & StandardServicesOptions) {
    super(options);
    const { health = false, reflection = false } = options;
    if (typeof reflection !== 'boolean') {
      throw new TypeError(`"reflection" must be true or false, not ${String(reflection)}`);
    }
    this.#health = health === false ? undefined : new GrpcHealth(health);
    this.#hasReflection = reflection;
  }

  /** Called by Nest for each service of the packages; some may be for others to serve. */
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
    await this.#health?.addTo(openCalls, this.#served.map(serviceName));
    if (this.#hasReflection) {
      await addReflection(openCalls, [...this.#served, ...openCalls.services]);
    }
  }

  /** Tells that the end is near, while calls are still taken: on a signal Nest closes servers later. */
  onModuleDestroy(): void {
    this.#health?.stop();
  }

  /** Says that nothing is served any more, and ends the calls of who watches: before draining. */
  protected endStandardServices(): void {
    this.#health?.stop();
    this.#openCalls?.end();
  }
}
