import type { Duplex } from 'node:stream';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { waitForStreamEnd } from '../../backchannel/index.js';
import type {
  ConnectionInfo,
  ConnectionServer,
  ServedStream,
  StreamServer,
} from '../../grpc/index.js';

/**
 * The server of one connection of the dialing side. It can drain the streams that there are, by which the
 * other end knows that this side leaves, and go on to serve others: forward calls that are to finish may
 * still bring calls back.
 */
export class DrainableServer implements ConnectionServer {
  readonly #server: StreamServer;
  readonly #isLeaving: () => boolean;
  readonly #onShutdown: () => void;
  readonly #streams = new Map<
    Duplex,
    { readonly served: ServedStream; readonly end: Promise<void> }
  >();
  #hasServed = false;

  /**
   * @param isLeaving - whether the other end of a connection that is new by now is to be told so at once.
   * @param onShutdown - told when the connection has ended.
   */
  constructor(server: StreamServer, isLeaving: () => boolean, onShutdown: () => void) {
    this.#server = server;
    this.#isLeaving = isLeaving;
    this.#onShutdown = onShutdown;
  }

  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#server.addService(service, implementation);
  }

  serve(stream: Duplex, connection?: ConnectionInfo): ServedStream {
    const end = waitForStreamEnd(stream).then(() => void this.#streams.delete(stream));
    const served = this.#server.serve(stream, connection);
    this.#streams.set(stream, { served, end });
    if (!this.#hasServed && this.#isLeaving()) served.drain(Infinity);
    this.#hasServed = true;
    return served;
  }

  /**
   * Takes no more calls on the streams that there are. Resolves when those under way have finished, or
   * been ended after `graceMs` milliseconds, and the other end has got the replies; never rejects.
   */
  async drain(graceMs: number): Promise<void> {
    const streams = [...this.#streams];
    for (const [stream, { served }] of streams) {
      if (graceMs === 0) served.destroy();
      else if (!stream.writableFinished) served.drain(graceMs);
    }
    await Promise.all(streams.map(([, { end }]) => end));
  }

  forceShutdown(): void {
    this.#onShutdown();
    this.#server.forceShutdown();
  }
}
