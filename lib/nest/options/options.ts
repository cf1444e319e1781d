import type { Interceptor } from '@grpc/grpc-js';
import type { GrpcOptions } from '@nestjs/microservices';
import type { AuthorizePeer, ServiceReference, SessionFactory } from '../../backchannel/index.js';
import type { ConnectionInfo, EngineName, GrpcEngine } from '../../grpc/index.js';
import type { Handshaker } from '../../listenmux/index.js';
import type { YamuxConfig } from '../../yamux/index.js';
import type { StandardServicesOptions } from './standard-services-options.js';

/** The options of Nest's own gRPC transport. */
export type StockGrpcOptions = GrpcOptions['options'];

/** Selects services of the packages. */
export interface ServiceSelection {
  /**
   * Names of services, with or without their package, or tokens of `serviceOf`. Limits the services that the side serves, or has
   * stubs of. An application that both listens and dials names the services of each side. Default: all
   * services of the packages.
   */
  services?: ServiceReference[];
}

/** Services of the backchannel: the listening side calls them, the dialing side serves them. */
export type BackchannelServicesOptions = ServiceSelection &
  Pick<
    StockGrpcOptions,
    | 'package'
    | 'protoPath'
    | 'packageDefinition'
    | 'protoLoader'
    | 'loader'
    | 'onLoadPackageDefinition'
    | 'maxSendMessageLength'
    | 'maxReceiveMessageLength'
    | 'maxMetadataSize'
    | 'keepalive'
    | 'channelOptions'
  >;

/** Options of the multiplexed connection on either side. */
export interface ConnectionOptions {
  /** Windows, backlog and timeouts of the sessions; see `YamuxConfig`. */
  yamux?: Partial<YamuxConfig>;
  /** Creates sessions in place of this package's own yamux; `yamux` is ignored then. */
  sessionFactory?: SessionFactory;
  /**
   * The gRPC implementation: this package's own engine, grpc-js as in the stock transport, or another
   * `GrpcEngine`. Default: the environment variable `BACKCHANNEL_ENGINE`, else `'built-in'`.
   */
  engine?: EngineName | GrpcEngine;
  /**
   * Whether in-flight calls, in both directions, may finish when the application closes or the connection
   * ends gracefully, within `drainMs`. Default true, unlike in the stock transport.
   */
  gracefulShutdown?: boolean;
  /** Time limit in milliseconds for in-flight calls to finish. Default 10000. */
  drainMs?: number;
}

/** Options of the listening side: those of the stock gRPC transport, and those of the backchannel. */
export interface ListenMuxServerOptions
  extends StockGrpcOptions, ServiceSelection, ConnectionOptions, StandardServicesOptions {
  /** The services that peers serve; required for `@Backchannel('Service')` and `getService`. */
  backchannel?: BackchannelServicesOptions & {
    /** Interceptors of every backchannel call. */
    interceptors?: Interceptor[];
  };
  /**
   * Accepts or refuses each peer before a byte of its session is read; see `AuthorizePeer`. The option
   * `authorizer` of `forRoot` does so with an injectable class. Default: every peer is accepted.
   */
  authorizePeer?: AuthorizePeer;
  /**
   * Whether clients that are not multiplexed are served. `authorizePeer` is not called for them: use
   * guards, mutual TLS, or this option to keep them out. Default true.
   */
  allowPlainClients?: boolean;
  /**
   * Handshakers of other protocols on the same port, each for connections that begin with its magic of 11
   * bytes. Default: none. An application can also register them on the injected `ListenMux`.
   */
  handshakers?: Handshaker<ConnectionInfo>[];
  /**
   * Time limit in milliseconds for identification and authorization of a connection. With TLS, the TLS
   * handshake comes first and has a separate limit of the same length. Default 20000; 0 is no limit.
   */
  handshakeTimeoutMs?: number;
  /**
   * Maximum number of open connections, multiplexed and plain. At the limit, a new connection displaces
   * a stalled handshake, or is closed at once. Default 10000; Infinity is no limit.
   */
  maxConnections?: number;
  /**
   * Maximum number of open connections of one IPv4 address or one IPv6 /64 network. Default Infinity,
   * because clients behind a NAT or a load balancer share one address.
   */
  maxConnectionsPerAddress?: number;
  /**
   * Maximum number of connections in their handshake, TLS and `authorizePeer` included. Default 1000;
   * Infinity is no limit.
   */
  maxHandshakes?: number;
}

/** Options of the dialing side: those of the stock gRPC client, and those of the backchannel. */
export interface BackchannelClientOptions
  extends StockGrpcOptions, ServiceSelection, ConnectionOptions {
  /** The services that this application's controllers serve to the listening side. */
  backchannel?: BackchannelServicesOptions & StandardServicesOptions;
  /**
   * Connects only when a call needs a connection, as the stock client does. Default false: connects when
   * the application starts, and reconnects whenever the connection is lost.
   */
  lazy?: boolean;
  /**
   * Handle the byte streams that the listening side opens with `peer.openStream(magic)`; each handshaker
   * gets the streams with its magic. Default: none.
   */
  streamHandshakers?: Handshaker[];
  /**
   * Whether this side stays away for as long as the listening side asks when it closes the connection
   * (`peer.close({ reconnectAfterMs })`) or refuses it (`PeerRefusedError` with `retryAfterMs`), at most 24
   * hours. `client.connect()` overrides it. `engine: 'grpc-js'` does not obey refusals. Default true.
   */
  obeyHub?: boolean;
  /**
   * Url of the HTTP proxy to connect through, for every host: `http://user:password@proxy.example:3128`, or
   * `https:` for TLS to the proxy. `false` turns the proxy off, including that of the environment. Default:
   * the proxy of the environment (`grpc_proxy`, `https_proxy`, `http_proxy`, and `no_grpc_proxy` or
   * `no_proxy`, in lower case, as grpc-js reads them). `engine: 'grpc-js'` supports only the default and
   * `false`.
   */
  proxy?: string | false;
}

/** Options of `BackchannelModule.forRoot`. */
export interface BackchannelModuleOptions {
  /** Options of the listening side. */
  server: ListenMuxServerOptions;
}
