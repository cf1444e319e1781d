import type { Duplex } from 'node:stream';
import {
  experimental,
  type Server,
  ServerCredentials,
  type ServerInterceptor,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { inRootContext } from '../../context/index.js';
import { encodeGoAway } from '../../http2/index.js';
import { MAX_TIMEOUT_MS } from '../../options/index.js';
import { destroyAfter } from '../../wire/index.js';
import type { ConnectionInfo } from '../connection-info.js';
import type { GoAway, ServedStream, StreamServer } from '../grpc-engine.js';
import { handlersOf } from '../service-handlers.js';
import { markingAnswers } from './answer-marks.js';
import { withContext } from './context-server-call.js';
import { countCalls } from './counted-call.js';
import { endWithPeer } from './end-with-peer.js';
import { withLivingStreams } from './living-streams.js';
import { PeerCalls } from './peer-calls.js';

/** Last stream id of a GOAWAY by a side that does not know it: calls are not sent again unseen. */
const NO_STREAM_IS_UNSEEN = 2 ** 31 - 1;

type ConnectionInjector = ReturnType<Server['createConnectionInjector']>;

/** Serves the services of a grpc-js `Server` on streams, through its connection injectors. */
export class GrpcJsServer implements StreamServer {
  readonly #server: Server;
  readonly #maxCalls: number;
  /** The calls of each multiplexed connection, whatever stream they come on. */
  readonly #calls = new WeakMap<ConnectionInfo, PeerCalls>();
  /** TLS, if there is any, was done before the stream came here. */
  readonly #credentials = ServerCredentials.createInsecure();
  #plainInjector: ConnectionInjector | undefined;
  /** Streams that are being served. */
  readonly #streams = new Set<Duplex>();
  /** From the first request to shut down on; no new connection is served. */
  #stopping = false;

  /**
   * @param server - with its services added, now or later; it need not be bound to a port.
   * @param maxCalls - calls that a multiplexed connection may have under way, on all of its streams: the
   * option `grpc.max_concurrent_streams` that `server` has. Default: no limit.
   */
  constructor(server: Server, maxCalls = Infinity) {
    this.#server = server;
    this.#maxCalls = maxCalls;
  }

  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    const handlers = markingAnswers(service, handlersOf(service, implementation));
    this.#server.addService(service, handlers);
  }

  serve(stream: Duplex, connection?: ConnectionInfo): ServedStream {
    if (this.#stopping) stream.destroy();
    // What has closed already will not say so again, and its injector would never be let go.
    const isStopping = (): boolean => this.#stopping;
    if (stream.destroyed) return new ServedSocket(stream, isStopping);
    this.#track(stream);
    if (connection === undefined) {
      this.#inject(this.#sharedInjector(), stream);
      return new ServedSocket(stream, isStopping);
    }
    const calls = this.#callsOf(connection);
    const injector = this.#injectorFor(stream, connection, calls);
    this.#inject(injector, stream);
    return new ServedInjector(stream, isStopping, injector, calls);
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

  #inject(injector: ConnectionInjector, stream: Duplex): void {
    inRootContext(() => injector.injectConnection(endWithPeer(stream)));
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

  /** Plain connections need no identity of their own. */
  #sharedInjector(): ConnectionInjector {
    this.#plainInjector ??= this.#createInjector([withContext()]);
    return this.#plainInjector;
  }

  /** Interceptors are an injector's, and say which connection it is: each gets its own. */
  #injectorFor(stream: Duplex, connection: ConnectionInfo, calls: PeerCalls): ConnectionInjector {
    const injector = this.#createInjector([countCalls(calls), withContext(connection)]);
    stream.once('close', () => injector.destroy());
    return injector;
  }

  #createInjector(interceptors: ServerInterceptor[]): ConnectionInjector {
    const credentials = experimental.createServerCredentialsWithInterceptors(
      this.#credentials,
      interceptors,
    );
    return withLivingStreams(() => this.#server.createConnectionInjector(credentials));
  }

  #callsOf(connection: ConnectionInfo): PeerCalls {
    let calls = this.#calls.get(connection);
    if (calls === undefined) {
      calls = new PeerCalls(this.#maxCalls);
      this.#calls.set(connection, calls);
    }
    return calls;
  }
}

/** A connection that shares its injector with others, and so cannot be told to drain on its own. */
class ServedSocket implements ServedStream {
  readonly #stream: Duplex;
  readonly #isStopping: () => boolean;
  #isDraining = false;

  /** @param isStopping - whether the server says GOAWAY to all of its connections. */
  constructor(stream: Duplex, isStopping: () => boolean) {
    this.#stream = stream;
    this.#isStopping = isStopping;
  }

  drain(graceMs: number): void {
    this.#isDraining = true;
    if (this.#stream.destroyed || graceMs > MAX_TIMEOUT_MS) return;
    destroyAfter(this.#stream, graceMs);
  }

  destroy(): void {
    this.#stream.destroy();
  }

  dismiss({ code, message }: GoAway): void {
    const stream = this.#stream;
    // grpc-js has no way to say why. Its session writes whole frames, so one more fits in between. Behind
    // a GOAWAY of its own this one would raise the last stream id, which is an error (RFC 9113, 6.8).
    const hasSaidGoAway = this.#isDraining || this.#isStopping();
    if (stream.writable && !hasSaidGoAway)
      stream.write(encodeGoAway(code, message, NO_STREAM_IS_UNSEEN));
    // Behind the turn's writes, and before anything more is read.
    process.nextTick(() => this.destroy());
  }
}

/** A connection with an injector of its own. */
class ServedInjector extends ServedSocket {
  readonly #injector: ConnectionInjector;
  readonly #calls: PeerCalls;

  constructor(
    stream: Duplex,
    isStopping: () => boolean,
    injector: ConnectionInjector,
    calls: PeerCalls,
  ) {
    super(stream, isStopping);
    this.#injector = injector;
    this.#calls = calls;
  }

  override dismiss(goAway: GoAway): void {
    this.#calls.close();
    super.dismiss(goAway);
  }

  override drain(graceMs: number): void {
    // That is what it does: calls go on. Its `drain` would do the same, and leave a timer behind.
    this.#injector.destroy();
    super.drain(graceMs);
  }
}
