import type { Duplex } from 'node:stream';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { bothThrough } from '../backchannel/index.js';
import type {
  ConnectionInfo,
  ConnectionServer,
  ServedStream,
  StreamServer,
} from '../grpc/index.js';
import { shutDown } from './shut-down.js';

/**
 * The server of one connection of the dialing side. Unlike those of an engine it can be paused and go
 * on, as the connection outlives what serves on it: a strategy may be closed and listen again.
 */
export class PausableServer implements ConnectionServer {
  readonly #createServer: () => StreamServer | undefined;
  readonly #onShutdown: () => void;
  readonly #ends = new Set<Promise<void>>();
  #server: StreamServer | undefined;

  /**
   * @param createServer - makes a server with the services of the moment; none while nothing is to
   * be served.
   * @param onShutdown - told when the connection has ended.
   */
  constructor(createServer: () => StreamServer | undefined, onShutdown: () => void) {
    this.#createServer = createServer;
    this.#onShutdown = onShutdown;
  }

  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#server?.addService(service, implementation);
  }

  serve(stream: Duplex, connection?: ConnectionInfo): ServedStream {
    this.#server ??= this.#createServer();
    if (this.#server === undefined) {
      stream.destroy();
      return { drain: () => {}, destroy: () => {} };
    }
    const end = bothThrough(stream).then(() => void this.#ends.delete(end));
    this.#ends.add(end);
    return this.#server.serve(stream, connection);
  }

  /**
   * Ends all calls, after `drainMs` at most, and waits until the other end has got the replies; later
   * streams get a server of their own.
   */
  async pause(drainMs: number): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await shutDown(server, drainMs);
    await Promise.all(this.#ends);
  }

  forceShutdown(): void {
    this.#onShutdown();
    this.#server?.forceShutdown();
  }
}
