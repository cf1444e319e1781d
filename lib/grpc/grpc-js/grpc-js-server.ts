import type { Duplex } from 'node:stream';
import {
  experimental,
  type Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { ConnectionInfo } from '../connection-info.js';
import type { ServedStream, StreamServer } from '../grpc-engine.js';
import { endWithPeer } from './end-with-peer.js';
import { handlersOf } from '../service-handlers.js';

/** Node's timers keep no longer delay: 24 days. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

type ConnectionInjector = ReturnType<Server['createConnectionInjector']>;

/** Serves the services of a grpc-js `Server` on streams, through its connection injectors. */
export class GrpcJsServer implements StreamServer {
  readonly #server: Server;
  /** TLS, if there is any, was done before the stream came here. */
  readonly #credentials = ServerCredentials.createInsecure();
  #plainInjector: ConnectionInjector | undefined;
  /** Streams that are being served. */
  readonly #streams = new Set<Duplex>();
  /** From the first request to shut down on; no new connection is served. */
  #stopping = false;

  /** @param server - with its services added, now or later; it need not be bound to a port. */
  constructor(server: Server) {
    this.#server = server;
  }

  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#server.addService(service, handlersOf(service, implementation));
  }

  serve(stream: Duplex, connection?: ConnectionInfo): ServedStream {
    if (this.#stopping) stream.destroy();
    // What has closed already will not say so again, and its injector would never be let go.
    if (stream.destroyed) return new ServedSocket(stream);
    const injector = connection ? this.#injectorFor(stream, connection) : this.#sharedInjector();
    this.#track(stream);
    injector.injectConnection(endWithPeer(stream));
    return connection ? new ServedInjector(stream, injector) : new ServedSocket(stream);
  }

  tryShutdown(callback: (error?: Error) => void): void {
    this.#stopping = true;
    // From Node 24 on grpc-js (1.14) calls back at once: its HTTP/2 servers close their sessions
    // themselves, and it takes those that are closing for closed.
    this.#server.tryShutdown((error) => this.#onceClosed(() => callback(error)));
  }

  forceShutdown(): void {
    this.#stopping = true;
    this.#server.forceShutdown();
  }

  unwrap(): Server {
    return this.#server;
  }

  #track(stream: Duplex): void {
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
  }

  /** Calls `listener` when all streams have closed that are served now. */
  #onceClosed(listener: () => void): void {
    let open = this.#streams.size;
    if (open === 0) listener();
    for (const stream of this.#streams) {
      stream.once('close', () => {
        open -= 1;
        if (open === 0) listener();
      });
    }
  }

  /** Plain connections need no identity of their own, and so no interceptor either. */
  #sharedInjector(): ConnectionInjector {
    this.#plainInjector ??= this.#server.createConnectionInjector(this.#credentials);
    return this.#plainInjector;
  }

  /** Interceptors are an injector's, and say which connection it is: each gets its own. */
  #injectorFor(stream: Duplex, connection: ConnectionInfo): ConnectionInjector {
    const injector = this.#server.createConnectionInjector(
      experimental.createServerCredentialsWithInterceptors(this.#credentials, [
        identify(connection),
      ]),
    );
    stream.once('close', () => injector.destroy());
    return injector;
  }
}

/** A connection that shares its injector with others, and so cannot be told to drain on its own. */
class ServedSocket implements ServedStream {
  readonly #stream: Duplex;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  drain(graceMs: number): void {
    if (this.#stream.destroyed || graceMs > LONGEST_DELAY_MS) return;
    const timer = setTimeout(() => this.destroy(), graceMs).unref();
    this.#stream.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#stream.destroy();
  }
}

/** A connection with an injector of its own. */
class ServedInjector extends ServedSocket {
  readonly #injector: ConnectionInjector;

  constructor(stream: Duplex, injector: ConnectionInjector) {
    super(stream);
    this.#injector = injector;
  }

  override drain(graceMs: number): void {
    // That is what it does: calls go on. Its `drain` would do the same, and leave a timer behind.
    this.#injector.destroy();
    super.drain(graceMs);
  }
}

/** Has calls say which connection they came in on, where grpc-js only sees a stream without address. */
function identify(connection: ConnectionInfo): ServerInterceptor {
  class IdentifiedCall extends ServerInterceptingCall {
    override getPeer(): string {
      return connection.peerName;
    }

    override getAuthContext(): ConnectionInfo['authContext'] {
      return connection.authContext;
    }
  }
  return (_method, call) => new IdentifiedCall(call);
}
