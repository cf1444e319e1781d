import type {
  MethodDefinition,
  ServerMethodDefinition,
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { pooledSerializer } from '../../pooled-serializer.js';
import { handlersOf } from '../../service-handlers.js';

/** A served method. */
export interface Method {
  readonly definition: ServerMethodDefinition<unknown, unknown>;
  /** Undefined if the implementation has no handler for it. */
  readonly handle: UntypedHandleCall | undefined;
  /** Serializes responses; the caller sends the result and keeps no reference to it. */
  serialize(response: unknown): Buffer;
}

/** The methods of a server by path. Errors and their texts are those of `Server.addService` of grpc-js. */
export class ServiceTable {
  readonly #methods = new Map<string, Method>();

  get(path: string): Method | undefined {
    return this.#methods.get(path);
  }

  /**
   * @throws Error if an argument is no object, the service is empty, or one of its methods is already
   * served.
   */
  add(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    const handlers = handlersOf(service, implementation);
    const names = Object.keys(service);
    if (names.length === 0) throw new Error('Cannot add an empty service to a server');
    for (const name of names) this.#addMethod(service[name]!, handlers[name]);
  }

  remove(service: ServiceDefinition): void {
    for (const name of Object.keys(service)) this.#methods.delete(service[name]!.path);
  }

  #addMethod(
    definition: MethodDefinition<unknown, unknown>,
    handle: UntypedHandleCall | undefined,
  ): void {
    if (this.#methods.has(definition.path)) {
      throw new Error(`Method handler for ${definition.path} already provided.`);
    }
    this.#methods.set(definition.path, {
      definition,
      handle,
      serialize: pooledSerializer(definition.responseSerialize),
    });
  }
}
