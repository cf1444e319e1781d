import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ServiceHost } from '../grpc/service-host.js';

/** The used part of a streaming call on the server. */
interface StreamingCall {
  end(): void;
  once(event: 'cancelled', listener: () => void): void;
}

type Handler = (this: unknown, call: unknown, ...rest: unknown[]) => unknown;

/**
 * Tracks the open streaming calls of the services that are added through it, to end them when the server
 * closes. `Watch` and reflection calls do not end by themselves, so draining would wait for them until its
 * time limit.
 */
export class OpenCalls implements ServiceHost {
  /** The added services. */
  readonly services: ServiceDefinition[] = [];
  readonly #host: ServiceHost;
  readonly #calls = new Set<StreamingCall>();

  constructor(host: ServiceHost) {
    this.#host = host;
  }

  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.services.push(service);
    const handlers = { ...implementation } as Record<string, unknown>;
    for (const [name, { originalName = name, responseStream }] of Object.entries(service)) {
      if (!responseStream) continue;
      const key = name in handlers ? name : originalName;
      handlers[key] = this.#tracked(handlers[key] as Handler);
    }
    this.#host.addService(service, handlers as UntypedServiceImplementation);
  }

  /** Ends all open calls with status OK. */
  end(): void {
    for (const call of this.#calls) call.end();
  }

  #tracked(handler: Handler): Handler {
    const calls = this.#calls;
    return function track(call, ...rest) {
      const streaming = call as StreamingCall;
      calls.add(streaming);
      // Both engines emit `cancelled` at every end of a call.
      streaming.once('cancelled', () => calls.delete(streaming));
      return handler.call(this, call, ...rest);
    };
  }
}
