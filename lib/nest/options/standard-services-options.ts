import { hasMethods, like, trueOrFalse, type Rules } from '../../options/index.js';
import type { ServiceHost } from '../grpc/service-host.js';

/**
 * What answers the calls of `grpc.health.v1.Health`: the `HealthImplementation` of `grpc-health-check`,
 * or one of your own.
 */
export interface GrpcHealthImplementation {
  /** Adds the service to a server; called once for every time that the server starts. */
  addToServer(server: ServiceHost): void;
  /** From now on `service` is in this state; the server as a whole is the service `''`. */
  setStatus(service: string, status: 'SERVING' | 'NOT_SERVING'): void;
}

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

/** Rules of `StandardServicesOptions`. */
export const STANDARD_SERVICES_RULES: Rules<StandardServicesOptions> = {
  health: like(
    'true, false, or have the methods addToServer and setStatus, as the HealthImplementation of grpc-health-check',
    (value) => typeof value === 'boolean' || hasMethods(value, ['addToServer', 'setStatus']),
  ),
  reflection: trueOrFalse,
};
