import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { hasMethods, like, type Rule } from '../../options/index.js';
import type { OpenedConnection } from '../../grpc/index.js';

/**
 * Injection token of the `BackchannelCarrier` of all `BackchannelModule`s of an application, for
 * `overrideProvider`. Default: `tcpCarrier`.
 */
export const BACKCHANNEL_CARRIER = 'BACKCHANNEL_CARRIER';

/**
 * Carries the connections between listening and dialing sides: TCP, the in-memory network of
 * `nestjs-backchannel/testing`, or any other reliable byte stream: bytes arrive in order and none is lost.
 */
export interface BackchannelCarrier {
  /**
   * Starts to listen at `url`.
   *
   * @throws Error (also as a rejection) if it cannot listen.
   */
  listen(
    url: string,
    acceptor: ConnectionAcceptor,
    options: CarrierListenOptions,
  ): CarrierListener | Promise<CarrierListener>;
  /**
   * Makes one connection to the listener at `url`. If absent, the gRPC engine dials `url` by TCP, with its
   * name resolution, TLS and proxies.
   *
   * @throws Error (as a rejection) if the connection fails.
   */
  dial?(url: string, options: CarrierDialOptions): Promise<CarriedStream | OpenedConnection>;
}

/** Rule of parts that are carriers. */
export const CARRIER_RULE: Rule<BackchannelCarrier> = like(
  'a BackchannelCarrier with the method listen, and dial if the engine cannot dial its urls',
  (value) => hasMethods(value, ['listen']),
);

/**
 * One connection of a carrier: any `Duplex`. The optional properties are those of Node's sockets, with the
 * same meaning: addresses, traffic, and the certificate that the peer proved to own.
 */
export type CarriedStream = Duplex & {
  /** Address of the other end. */
  readonly remoteAddress?: string | undefined;
  /** Port of the other end. */
  readonly remotePort?: number | undefined;
  /** Address of this end. */
  readonly localAddress?: string | undefined;
  /** Port of this end. */
  readonly localPort?: number | undefined;
  /** Bytes received so far. */
  readonly bytesRead?: number;
  /** Bytes sent so far. */
  readonly bytesWritten?: number;
  /** Whether the certificate of the peer was verified. */
  readonly authorized?: boolean;
  /** Returns the certificate of the peer, as `tls.TLSSocket` does, if the carrier knows it. */
  getPeerCertificate?(): object | null;
};

/** Accepts connections from which nothing was read yet; a `ListenMux` is one. */
export interface ConnectionAcceptor {
  /** Takes all connections of a Node server; those of a TLS server after their TLS handshake. */
  attach(server: Server): unknown;
  /** Takes one connection. */
  handle(connection: CarriedStream): void;
}

/** Options of `BackchannelCarrier.listen`. */
export interface CarrierListenOptions {
  /** The option `credentials` of the listening side; undefined without TLS. */
  readonly credentials: ServerCredentials | undefined;
  /** Time limit of a TLS handshake, in milliseconds; 0 is no limit. */
  readonly handshakeTimeoutMs: number;
  /** Called with a problem that does not keep the carrier from listening. */
  onWarning(message: string): void;
  /** Called with an error of the listener after it has started to listen. */
  onError(error: Error): void;
}

/** Options of `BackchannelCarrier.dial`. */
export interface CarrierDialOptions {
  /** Aborts when the connection is no longer needed; a connection that comes later is destroyed. */
  readonly signal: AbortSignal;
  /** The option `credentials` of the dialing side; insecure without TLS. */
  readonly credentials: ChannelCredentials;
}

/** A started listener of a carrier. Its connections belong to the `ListenMux`. */
export interface CarrierListener {
  /** The address with the chosen port, or a path or url. */
  readonly address: AddressInfo | string | null;
  /** Accepts no more connections. Idempotent. */
  stop(): void;
}
