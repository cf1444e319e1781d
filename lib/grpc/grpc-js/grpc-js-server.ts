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

/** Last stream id of a GOAWAY from a side that does not know the real one: the peer then retries no call. */
const NO_STREAM_IS_UNSEEN = 2 ** 31 - 1;

type ConnectionInjector = ReturnType<Server['createConnectionInjector']>;

/** Serves the services of a grpc-js `Server` on streams, through connection injectors. */
export class GrpcJsServer implements StreamServer {
  readonly #server: Server;
  readonly #maxCalls: number;
  /** Calls of each multiplexed connection, on all of its streams. */
  readonly #calls = new WeakMap<ConnectionInfo, PeerCalls>();
  /** Insecure: TLS, if any, ends before the stream arrives here. */
  readonly #credentials = ServerCredentials.createInsecure();
  #plainInjector: ConnectionInjector | undefined;
  /** Streams that are served now. */
  readonly #streams = new Set<Duplex>();
  /** Set by the first shutdown request: new connections are destroyed. */
  #stopping = false;

  /**
   * @param server - its services may be added later; it needs no port.
   * @param maxCalls - limit of in-flight calls of a multiplexed connection, on all of its streams: the
   *   option `grpc.max_concurrent_streams` of `server`. Default: no limit.
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
    // A destroyed stream emits no further "close", so its injector would never be destroyed.
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
    // Since Node 24, grpc-js (1.14) calls back at once: its HTTP/2 servers close their sessions themselves,
    // and grpc-js treats closing sessions as closed.
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

  /** Calls `listener` when all streams that are served now have closed. */
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

  /** Plain connections share one injector, as they need no identity. */
  #sharedInjector(): ConnectionInjector {
    this.#plainInjector ??= this.#createInjector([withContext()]);
    return this.#plainInjector;
  }

  /**
   * Creates an injector for one connection: interceptors belong to an injector and identify the connection.
   */
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
      calls = new PeerCalls(connection, this.#maxCalls);
      this.#calls.set(connection, calls);
    }
    return calls;
  }
}

/** A connection that shares its injector with others, and so cannot be drained alone. */
class ServedSocket implements ServedStream {
  readonly #stream: Duplex;
  readonly #isStopping: () => boolean;

  /** @param isStopping - whether the server has sent a GOAWAY to all of its connections. */
  constructor(stream: Duplex, isStopping: () => boolean) {
    this.#stream = stream;
    this.#isStopping = isStopping;
  }

  /** Whether the peer has been sent a GOAWAY. */
  protected get hasSaidGoAway(): boolean {
    return this.#isStopping();
  }

  drain(graceMs: number): void {
    if (this.#stream.destroyed || graceMs > MAX_TIMEOUT_MS) return;
    destroyAfter(this.#stream, graceMs);
  }

  destroy(): void {
    this.#stream.destroy();
  }

  dismiss({ code, message }: GoAway): void {
    const stream = this.#stream;
    // grpc-js cannot send a reason. Its session writes whole frames, so another frame fits between them.
    // After an earlier GOAWAY, this one would increase the last stream id: an error (RFC 9113, 6.8).
    if (stream.writable && !this.hasSaidGoAway)
      stream.write(encodeGoAway(code, message, NO_STREAM_IS_UNSEEN));
    // After the writes of this turn, and before anything else is read.
    process.nextTick(() => this.destroy());
  }
}

/** A connection with its own injector. */
class ServedInjector extends ServedSocket {
  readonly #injector: ConnectionInjector;
  readonly #calls: PeerCalls;
  #isDraining = false;

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

  protected override get hasSaidGoAway(): boolean {
    return this.#isDraining || super.hasSaidGoAway;
  }

  override dismiss(goAway: GoAway): void {
    this.#calls.close();
    super.dismiss(goAway);
  }

  override drain(graceMs: number): void {
    this.#isDraining = true;
    // `destroy()` of an injector drains its connections: calls continue. Its `drain()` does the same, but
    // leaves a timer behind.
    this.#injector.destroy();
    super.drain(graceMs);
  }
}
