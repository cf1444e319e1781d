import type { Duplex } from 'node:stream';
import type {
  ChannelCredentials,
  ChannelInterface,
  ChannelOptions,
  handleBidiStreamingCall,
  ServerOptions,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { ConnectionInfo } from './connection-info.js';

/** Content of a GOAWAY frame of HTTP/2: the sender takes no more calls on the connection. */
export interface GoAway {
  /** HTTP/2 error code; 0 is NO_ERROR. */
  readonly code: number;
  /** Debug data: text for humans, or a value that gRPC defines, such as `max_age`. */
  readonly message: string;
}

/** One served connection. */
export interface ServedStream {
  /**
   * Takes no new calls. Closes the connection after the last call, or after `graceMs` milliseconds. Plain
   * connections of the grpc-js engine cannot be drained: they continue to take calls, and close after
   * `graceMs`.
   */
  drain(graceMs: number): void;
  /** Closes the connection at once. */
  destroy(): void;
  /**
   * Closes the connection at once, after a GOAWAY that tells the peer why. No new call begins, calls that
   * wait for their handler never reach it, and in-flight calls end.
   */
  dismiss(goAway: GoAway): void;
}

/** Serves the calls of connections that are passed to it. Go: `backchannel.Server`. */
export interface ConnectionServer {
  /**
   * Serves calls on a connection until its stream closes. Handlers get `connection` with
   * `connectionOf(call)`; without it the connection is a plain one. Asks `connection.callProblem` before each
   * call.
   */
  serve(stream: Duplex, connection?: ConnectionInfo): ServedStream;
  /** Closes all connections at once. Idempotent. */
  forceShutdown(): void;
}

/**
 * Handler of methods that no service of a server has. It gets each call as a bidirectional stream of
 * undecoded messages, whatever the kind of the method. `call.getPath()` returns the method.
 */
export type UnknownMethodHandler = handleBidiStreamingCall<Buffer, Buffer>;

/** A gRPC server without a port. */
export interface StreamServer extends ConnectionServer {
  /** Same as `grpc.Server.addService`. */
  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void;
  /**
   * Waits for all calls, without a time limit, then closes all connections. Same as
   * `grpc.Server.tryShutdown`.
   */
  tryShutdown(callback: (error?: Error) => void): void;
  /**
   * Sets the handler of methods that no service of the server has; undefined ends such calls with
   * UNIMPLEMENTED, the default. Absent if the engine has no such handlers. Go: `grpc.UnknownServiceHandler`.
   */
  setUnknownMethodHandler?(handler: UnknownMethodHandler | undefined): void;
  /** Returns the server of the gRPC library that the engine uses. */
  unwrap(): unknown;
}

/** A connection of a channel, with facts about it. */
export interface OpenedConnection {
  /** Carries the bytes; keeps their order and loses none. */
  readonly stream: Duplex;
  /** The underlying connection, which calls report as their peer. */
  readonly info?: ConnectionInfo | undefined;
  /** Whether the connection is encrypted: determines the scheme of its calls. Default false. */
  readonly secure?: boolean | undefined;
}

/**
 * A function that opens a new byte stream to the peer each time. `signal` aborts when the stream is no
 * longer needed; the caller destroys a stream that is opened after that.
 */
export type OpenStream = (signal: AbortSignal) => Promise<Duplex | OpenedConnection>;

/** Turns a new connection, after the TLS handshake, into the stream that carries gRPC. */
export type Upgrade = (socket: Duplex) => Promise<Duplex>;

/** A channel that reports how its connections end. */
export interface DialChannel extends ChannelInterface {
  /**
   * Why the channel has no connection, if known: the error of the last attempt to connect, or of the last
   * connection.
   */
  readonly lastError?: Error | undefined;
  /**
   * Calls `listener` when an attempt to connect fails right after another failed one: the state of the
   * channel does not change then. Absent if the engine does not report such failures.
   */
  onFailedAgain?(listener: () => void): void;
  /**
   * The GOAWAY that ended the last connection; undefined if no GOAWAY did, or if a later attempt to connect
   * failed without one. The property does not exist if
   * the engine does not report it, as with channels of grpc-js over streams.
   */
  readonly lastGoAway?: GoAway | undefined;
  /**
   * Makes no connection for `ms` milliseconds, a whole number up to 86400000 (24 hours); 0 ends the hold.
   * Calls fail with UNAVAILABLE until then; those that wait for readiness wait, except with grpc-js. A hold
   * interrupts failed attempts that are repeated: they continue at its end, which comes later by the pause
   * that they would have made. An open connection and an attempt in progress are not affected. Absent if the
   * engine cannot. Throws an OptionError for a bad time.
   */
  hold?(ms: number): void;
  /** Milliseconds until the end of the hold; 0 if there is none. */
  readonly heldMs?: number;
}

/** Interface between this package and a gRPC implementation. */
export interface GrpcEngine {
  /** Name of the engine, for messages. */
  readonly name: string;
  /** Creates a server without services, for connections that are passed to it. */
  createServer(options?: ServerOptions): StreamServer;
  /**
   * Creates a channel whose connections are streams from `open`. `connection` is the underlying connection
   * of these streams; calls report it as their peer.
   */
  createStreamChannel(
    open: OpenStream,
    options?: ChannelOptions,
    connection?: ConnectionInfo,
  ): DialChannel;
  /**
   * Creates a channel that dials `target` itself. Its connections pass through `upgrade` after the TLS
   * handshake.
   */
  createDialChannel(
    target: string,
    credentials: ChannelCredentials,
    upgrade: Upgrade,
    options?: ChannelOptions,
  ): DialChannel;
}
