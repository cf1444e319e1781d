import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { excerpt } from '../../http2/index.js';

interface HealthCall {
  readonly request: { readonly service: string };
  once?(event: 'cancelled', listener: () => void): void;
}
type Callback = (error: { details?: unknown } | null, ...rest: unknown[]) => void;
type Handler = (call: HealthCall, callback: Callback) => unknown;

/**
 * Wraps the handlers of `grpc.health.v1.Health` to limit the cost of unknown service names. The
 * implementation of `grpc-health-check` (2.x) repeats an unknown name in the status, which flow control
 * does not limit, and keeps every name that was ever watched.
 *
 * @param implementation - the object that the handlers belong to.
 */
export function boundHealth(
  service: ServiceDefinition,
  handlers: UntypedServiceImplementation,
  implementation: object,
): UntypedServiceImplementation {
  const bounded = { ...handlers } as Record<string, unknown>;
  for (const [name, { originalName = name, path }] of Object.entries(service)) {
    const key = name in bounded ? name : originalName;
    const handler = (bounded[key] as Handler | undefined)?.bind(handlers);
    if (handler === undefined) continue;
    if (path.endsWith('/Check')) bounded[key] = withShortDetails(handler);
    if (path.endsWith('/Watch')) bounded[key] = forgettingNames(handler, implementation);
  }
  return bounded as UntypedServiceImplementation;
}

function withShortDetails(handler: Handler): Handler {
  return (call, callback) =>
    handler(call, (error, ...rest) => {
      const name = call.request.service;
      if (typeof error?.details === 'string') {
        const details = error.details.replaceAll(name, () => excerpt(name));
        return callback({ ...error, details }, ...rest);
      }
      return callback(error, ...rest);
    });
}

function forgettingNames(handler: Handler, implementation: object): Handler {
  return (call, callback) => {
    handler(call, callback);
    // `cancelled` is emitted at every end of a call. This listener runs after the handler's own.
    call.once?.('cancelled', () => forgetName(implementation, call.request.service));
  };
}

function forgetName(implementation: { watchers?: unknown }, service: string): void {
  const { watchers } = implementation;
  if (!(watchers instanceof Map)) return;
  const ofService: unknown = watchers.get(service);
  if (ofService instanceof Set && ofService.size === 0) watchers.delete(service);
}
