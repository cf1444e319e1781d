import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';

/** A server that accepts services: a server of either engine, or the `Server` of grpc-js. */
export interface ServiceHost {
  /** As `grpc.Server.addService`. */
  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void;
}

/** The full name of a service, such as `grpc.health.v1.Health`. */
export function serviceName(service: ServiceDefinition): string {
  return Object.values(service)[0]?.path.split('/')[1] ?? '';
}
