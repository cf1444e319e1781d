import type { Interceptor } from '@grpc/grpc-js';
import type { GrpcOptions } from '@nestjs/microservices';
import type { AuthorizePeer, SessionFactory } from '../../backchannel/index.js';
import type { EngineName, GrpcEngine } from '../../grpc/index.js';
import type { YamuxConfig } from '../../yamux/index.js';
import type { StandardServicesOptions } from './standard-services-options.js';

/** The options of Nest's own gRPC transport. */
export type StockGrpcOptions = GrpcOptions['options'];

/** Which services of the packages an object of options is about. */
export interface ServiceSelection {
  /**
   * Names of services, with or without their package. The side serves, or has stubs of, only these; an
   * application that both listens and dials names the services of each side. Default: all services of
   * the packages.
   */
  services?: string[];
}

/** The services of the backchannel: those the listening side calls, those the dialing side serves. */
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

/** What both sides may set about the multiplexed connection. */
export interface ConnectionOptions {
  /** Windows, backlog and timeouts of the sessions; see `YamuxConfig`. */
  yamux?: Partial<YamuxConfig>;
  /** What multiplexes, instead of the yamux that comes with this package; `yamux` is ignored then. */
  sessionFactory?: SessionFactory;
  /**
   * What speaks gRPC: the engine that comes with this package, or grpc-js as in the stock transport.
   * Default: `'built-in'`.
   */
  engine?: EngineName | GrpcEngine;
  /**
   * Whether calls under way, in both directions, may finish when the application closes, or the
   * connection ends in order. Default true, unlike in the stock transport; never longer than `drainMs`.
   */
  gracefulShutdown?: boolean;
  /** Milliseconds that calls under way may take to finish. Default 10000. */
  drainMs?: number;
}

/** Options of the listening side: those of the stock gRPC transport, and what it calls on its peers. */
export interface ListenMuxServerOptions
  extends StockGrpcOptions, ServiceSelection, ConnectionOptions, StandardServicesOptions {
  /** The services that peers serve; needed for `@Backchannel('Service')` and `getService`. */
  backchannel?: BackchannelServicesOptions & {
    /** Run on every backchannel call. */
    interceptors?: Interceptor[];
  };
  /**
   * Decides who becomes a peer, before a byte of their session is read; see `AuthorizePeer`. The option
   * `authorizer` of `forRoot` does the same with an injectable class. Default: everybody does.
   */
  authorizePeer?: AuthorizePeer;
  /**
   * Whether clients that are not multiplexed are served. They never pass `authorizePeer`: guards and
   * mutual TLS are what keeps them out, or this. Default true.
   */
  allowPlainClients?: boolean;
  /**
   * Milliseconds until a connection must have shown what it is, and been authorized; under TLS the TLS
   * handshake has as many before. Default 20000, 0 waits for ever.
   */
  handshakeTimeoutMs?: number;
  /**
   * Connections that are open at once, multiplexed and plain ones; further ones are closed at once.
   * Default 10000; Infinity is no limit.
   */
  maxConnections?: number;
  /**
   * The same of one IPv4 address, or one IPv6 network of 64 bits. Default Infinity: behind a NAT or a
   * load balancer all clients have the same one.
   */
  maxConnectionsPerAddress?: number;
  /**
   * Connections that shake hands at once, TLS and `authorizePeer` included. Default 1000; Infinity is no
   * limit.
   */
  maxHandshakes?: number;
}

/** Options of the dialing side: those of the stock gRPC client, and what it serves to the other end. */
export interface BackchannelClientOptions
  extends StockGrpcOptions, ServiceSelection, ConnectionOptions {
  /** The services that this application's controllers serve to the other end. */
  backchannel?: BackchannelServicesOptions & StandardServicesOptions;
  /**
   * Connects only when a call needs it, as the stock client does. Default false: connects when the
   * application starts, and again whenever the connection is lost.
   */
  lazy?: boolean;
  /**
   * Url of the HTTP proxy to connect through, for every host: `http://user:password@proxy.example:3128`,
   * or `https:` for one that is spoken to in TLS. `false` for none, whatever the environment says.
   * Default: that of the environment (`grpc_proxy`, `https_proxy`, `http_proxy`, and `no_grpc_proxy` or
   * `no_proxy`, in lower case, as grpc-js reads them). With `engine: 'grpc-js'` there is only the
   * environment, and `false`.
   */
  proxy?: string | false;
}

/** Options of `BackchannelModule.forRoot`. */
export interface BackchannelModuleOptions {
  /** The listening side. */
  server: ListenMuxServerOptions;
}
