import type {
  MethodDefinition,
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { endingDestroyedCalls } from './destroyed-calls.js';

/** Handlers of a service by method name, without the methods that have no handler. */
export type ServiceHandlers = Record<string, UntypedHandleCall>;

/**
 * Returns the handlers that an implementation has for the methods of a service, bound to it. A method is
 * found by its name or its name in camel case, as in `grpc.Server.addService`, or by its path. Members of
 * `Object.prototype` are no handlers: `rpc ToString` is unimplemented unless the implementation defines it.
 *
 * @returns an object without prototype.
 * @throws Error as `addService` does if one of the arguments is no object.
 */
export function handlersOf(
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): ServiceHandlers {
  if (!isObject(service) || !isObject(implementation)) {
    throw new Error('addService() requires two objects as arguments');
  }
  const handlers = Object.create(null) as ServiceHandlers;
  for (const name of Object.keys(service)) {
    const definition: MethodDefinition<unknown, unknown> = service[name]!;
    const handler =
      handlerNamed(implementation, name) ??
      handlerNamed(implementation, definition.originalName) ??
      handlerNamed(implementation, definition.path);
    if (handler === undefined) continue;
    const bound = handler.bind(implementation) as UntypedHandleCall;
    const isStreaming = definition.requestStream || definition.responseStream;
    handlers[name] = isStreaming ? endingDestroyedCalls(bound, definition) : bound;
  }
  return handlers;
}

function handlerNamed(
  implementation: UntypedServiceImplementation,
  name: string | undefined,
): UntypedHandleCall | undefined {
  if (name === undefined) return undefined;
  // Methods of a class are on its prototype, where "constructor" is no handler.
  const isInherited = name in Object.prototype && !Object.hasOwn(implementation, name);
  const handler = implementation[name];
  if (!isInherited) return handler;
  const inherited = (Object.prototype as Record<string, unknown>)[name];
  return name === 'constructor' || handler === inherited ? undefined : handler;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
