import type { Duplex } from 'node:stream';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { waitForStreamEnd } from '../../backchannel/index.js';
import type {
  ConnectionInfo,
  ConnectionServer,
  ServedStream,
  StreamServer,
} from '../../grpc/index.js';

/** What a `DrainableServer` asks and tells its owner. */
export interface DrainableServerOwner {
  /** Whether this side is leaving: the first stream is then drained as soon as it is served. */
  isLeaving(): boolean;
  /** Called with the connection of each stream before its calls are served. */
  onServe(connection: ConnectionInfo): void;
  /** Called when the connection has ended. */
  onShutdown(): void;
}

/**
 * Server of one connection of the dialing side. Can drain its current streams, which tells the other end
 * that this side leaves, and still serve new ones: forward calls that are finishing may cause more
 * backchannel calls.
 */
export class DrainableServer implements ConnectionServer {
  readonly #server: StreamServer;
  readonly #owner: DrainableServerOwner;
  readonly #streams = new Map<
    Duplex,
    { readonly served: ServedStream; readonly end: Promise<void> }
  >();
  #hasServed = false;

  constructor(server: StreamServer, owner: DrainableServerOwner) {
    this.#server = server;
    this.#owner = owner;
  }

  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#server.addService(service, implementation);
  }

  serve(stream: Duplex, connection?: ConnectionInfo): ServedStream {
    if (connection !== undefined) this.#owner.onServe(connection);
    const end = waitForStreamEnd(stream).then(() => void this.#streams.delete(stream));
    const served = this.#server.serve(stream, connection);
    this.#streams.set(stream, { served, end });
    if (!this.#hasServed && this.#owner.isLeaving()) served.drain(Infinity);
    this.#hasServed = true;
    return served;
  }

  /**
   * Accepts no more calls on the current streams. Resolves when in-flight calls have finished, or were
   * ended after `graceMs` milliseconds, and the other end has received the replies; never rejects.
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
    this.#owner.onShutdown();
    this.#server.forceShutdown();
  }
}
