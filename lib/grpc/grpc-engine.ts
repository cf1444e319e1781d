import type { Duplex } from 'node:stream';
import type {
  ChannelCredentials,
  ChannelInterface,
  ChannelOptions,
  ServerOptions,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { ConnectionInfo } from './connection-info.js';

/** What one end says when it takes no more calls on a connection (GOAWAY of HTTP/2). */
export interface GoAway {
  /** An error code of HTTP/2; 0 is none. */
  readonly code: number;
  /** For humans, and words that gRPC has agreed upon, such as `max_age`. */
  readonly message: string;
}

/** One connection that is being served. */
export interface ServedStream {
  /**
   * Takes no new calls, and closes with the last one, or when `graceMs` milliseconds have passed. The
   * plain connections of grpc-js cannot be told: they just close then.
   */
  drain(graceMs: number): void;
  /** Closes at once. */
  destroy(): void;
  /**
   * Closes at once, but tells the other end why by `goAway`. No call begins afterwards, calls that wait
   * for their handler never reach it, and those under way end.
   */
  dismiss(goAway: GoAway): void;
}

/** What serves the calls of connections that are handed to it. Go: `backchannel.Server`. */
export interface ConnectionServer {
  /**
   * Serves calls on a connection until its stream closes. `connection` is what handlers find by
   * `connectionOf(call)`; without it the connection is a plain one.
   */
  serve(stream: Duplex, connection?: ConnectionInfo): ServedStream;
  /** Closes everything at once. Idempotent. */
  forceShutdown(): void;
}

/** A gRPC server that has no port. */
export interface StreamServer extends ConnectionServer {
  /** As `grpc.Server.addService`. */
  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void;
  /** Waits for all calls, without limit, then closes all connections. As `grpc.Server.tryShutdown`. */
  tryShutdown(callback: (error?: Error) => void): void;
  /** The server of the library behind the engine. */
  unwrap(): unknown;
}

/** Gives a new byte stream to the other end each time. */
export type OpenStream = () => Promise<Duplex>;

/** Turns a fresh connection, TLS already done, into the stream to speak gRPC on. */
export type Upgrade = (socket: Duplex) => Promise<Duplex>;

/** A channel that makes its connections itself. */
export interface DialChannel extends ChannelInterface {
  /** Why it has no connection, if it knows: what the last attempt or connection ended with. */
  readonly lastError?: Error | undefined;
  /**
   * Calls `listener` when an attempt to connect has failed right after another one, if it tells: the
   * state of the channel stays the same then.
   */
  onFailedAgain?(listener: () => void): void;
  /**
   * What made it leave its last connection, if that was the other end's wish. There is no such property
   * where the engine keeps it to itself, as grpc-js does for channels over streams.
   */
  readonly lastGoAway?: GoAway | undefined;
}

/** The one seam between this package and whatever speaks gRPC: nobody else knows how. */
export interface GrpcEngine {
  /** For humans. */
  readonly name: string;
  /** A server without services, of connections that are handed to it. */
  createServer(options?: ServerOptions): StreamServer;
  /**
   * A channel whose every connection is a stream from `open`. `connection` is what those streams run
   * on, for calls that are asked for their peer.
   */
  createStreamChannel(
    open: OpenStream,
    options?: ChannelOptions,
    connection?: ConnectionInfo,
  ): DialChannel;
  /** A channel that dials `target` itself; its connections, TLS done, pass through `upgrade`. */
  createDialChannel(
    target: string,
    credentials: ChannelCredentials,
    upgrade: Upgrade,
    options?: ChannelOptions,
  ): DialChannel;
}
