import type { UnknownMethodHandler } from '../../grpc/index.js';
import { func, hasMethods, like, trueOrFalse, type Rules } from '../../options/index.js';
import type { ServiceHost } from '../grpc/service-host.js';

/**
 * Implementation of `grpc.health.v1.Health`: the `HealthImplementation` of `grpc-health-check`, or one of
 * the application.
 */
export interface GrpcHealthImplementation {
  /** Adds the service to a server; called once for each start of the server. */
  addToServer(server: ServiceHost): void;
  /** Sets the status of `service`; the service `''` is the server as a whole. */
  setStatus(service: string, status: 'SERVING' | 'NOT_SERVING'): void;
}

/** Options of what a side serves besides its controllers. */
export interface StandardServicesOptions {
  /**
   * Serves `grpc.health.v1.Health`: the status of the server and of each of its services. True uses the
   * implementation of the package `grpc-health-check`. Default false.
   */
  health?: boolean | GrpcHealthImplementation;
  /**
   * Serves `grpc.reflection.v1` and `v1alpha`, with the package `@grpc/reflection`: any client can list
   * the services. Default false.
   */
  reflection?: boolean;
  /**
   * Serves methods that no service of this side has, as streams of undecoded messages. Guards and
   * interceptors of Nest do not run for them. Needs the built-in engine. Default: such calls end with
   * UNIMPLEMENTED.
   */
  unknownMethodHandler?: UnknownMethodHandler;
}

/** Rules of `StandardServicesOptions`. */
export const STANDARD_SERVICES_RULES: Rules<StandardServicesOptions> = {
  health: like(
    'true, false, or have the methods addToServer and setStatus, as the HealthImplementation of grpc-health-check',
    (value) => typeof value === 'boolean' || hasMethods(value, ['addToServer', 'setStatus']),
  ),
  reflection: trueOrFalse,
  unknownMethodHandler: func(),
};
