import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ServiceHost } from '../grpc/service-host.js';

/** The server's end of a streaming call, as far as it is needed here. */
interface StreamingCall {
  end(): void;
  once(event: 'cancelled', listener: () => void): void;
}

type Handler = (this: unknown, call: unknown, ...rest: unknown[]) => unknown;

/**
 * Knows the open streaming calls of the services that are added through it, to end them when the
 * server closes: `Watch` and reflection have no end of their own, and draining would wait for them.
 */
export class OpenCalls implements ServiceHost {
  /** What was added. */
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

  /** Ends all calls that are open, with status OK. */
  end(): void {
    for (const call of this.#calls) call.end();
  }

  #tracked(handler: Handler): Handler {
    const calls = this.#calls;
    return function track(call, ...rest) {
      const streaming = call as StreamingCall;
      calls.add(streaming);
      // Either engine says so however a call ends.
      streaming.once('cancelled', () => calls.delete(streaming));
      return handler.call(this, call, ...rest);
    };
  }
}
