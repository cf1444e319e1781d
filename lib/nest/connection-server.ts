import type { Duplex } from 'node:stream';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ConnectionInfo, StreamServer } from '../grpc/index.js';
import { shutDown } from './shut-down.js';

/**
 * The server of one connection of the dialing side. Unlike those of an engine it can be paused and go
 * on, as the connection outlives what serves on it: a strategy may be closed and listen again.
 */
export class ConnectionServer implements StreamServer {
  readonly stopped: Promise<void>;
  readonly #createServer: () => StreamServer | undefined;
  #server: StreamServer | undefined;
  #onStopped!: () => void;

  /** @param createServer - makes a server with the services of the moment; none while nothing is to be served. */
  constructor(createServer: () => StreamServer | undefined) {
    this.#createServer = createServer;
    this.stopped = new Promise((resolve) => {
      this.#onStopped = resolve;
    });
  }

  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#server?.addService(service, implementation);
  }

  serve(stream: Duplex, connection?: ConnectionInfo): void {
    this.#server ??= this.#createServer();
    if (this.#server === undefined) stream.destroy();
    else this.#server.serve(stream, connection);
  }

  /** Ends all calls, with a `drainMs` after they had that time to finish; later streams get a server of their own. */
  async pause(drainMs: number | undefined): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await shutDown(server, drainMs);
  }

  tryShutdown(callback: (error?: Error) => void): void {
    this.#onStopped();
    if (this.#server === undefined) callback();
    else this.#server.tryShutdown(callback);
  }

  forceShutdown(): void {
    this.#onStopped();
    this.#server?.forceShutdown();
  }

  unwrap(): unknown {
    return this.#server?.unwrap();
  }
}
