import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { OptionError, showValue } from '../options/index.js';
import type { CallProblem } from './grpc-types.js';

/** Security of a connection, as grpc-js reports it to handlers (`call.getAuthContext()`). */
export interface AuthContext {
  /** `ssl` if the peer presented a certificate that was verified. */
  transportSecurityType?: string;
  /** The verified certificate of the peer. */
  sslPeerCertificate?: PeerCertificate;
}

/** Addresses and ports of both ends, where they exist. */
export type ConnectionAddresses = Partial<
  Pick<TLSSocket, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>
>;

/** Property of a call, or of its auth context, that holds its connection. */
const CONNECTION = Symbol('connection');

/** The connection that a server call arrived on. Handlers get it with `connectionOf(call)`. */
export class ConnectionInfo {
  /** Address and port of the peer, as `call.getPeer()` returns them; `unknown` if there is no address. */
  readonly peerName: string;
  readonly #socket: Duplex;
  #authContext: AuthContext | undefined;

  /** @param socket - the socket of the connection; with TLS, the `TLSSocket`. */
  constructor(socket: Duplex) {
    this.#socket = socket;
    this.peerName = peerNameOf(socket);
  }

  /** The result of `call.getAuthContext()`; one object per connection. */
  get authContext(): AuthContext {
    this.#authContext ??= Object.defineProperty(authContextOf(this.#socket), CONNECTION, {
      value: this,
    });
    return this.#authContext;
  }

  /** The TLS certificate of the peer; undefined if the peer presented none that was verified. */
  get certificate(): PeerCertificate | undefined {
    return this.authContext.sslPeerCertificate;
  }

  /** Bytes received; undefined if the socket does not count them. */
  get bytesRead(): number | undefined {
    return (this.#socket as Partial<TLSSocket>).bytesRead;
  }

  /** Bytes sent; undefined if the socket does not count them. */
  get bytesWritten(): number | undefined {
    return (this.#socket as Partial<TLSSocket>).bytesWritten;
  }

  /**
   * @internal Called when HTTP/2 on the connection fails. The stream still ends gracefully, after the
   * GOAWAY that tells the peer why.
   */
  failed(_error: Error): void {}

  /**
   * @internal Called when the peer announces by GOAWAY with NO_ERROR that it makes no more calls on the
   * connection.
   */
  peerAnnouncedDeparture(): void {}

  /** @internal Called before this side asks the peer to make a new connection. */
  askedForNewConnection(): void {}

  /**
   * @internal Called for each new call on the connection, except on plain connections of the grpc-js engine.
   * A call for which it returns a status ends with this status, and its handler never runs.
   *
   * @param _openCalls - in-flight calls on all streams of the connection, including the new one.
   */
  callProblem(_openCalls: number): CallProblem | undefined {
    return undefined;
  }

  /** @internal The result of `call.getConnectionInfo()` of grpc-js. */
  get addresses(): ConnectionAddresses {
    const { localAddress, localPort, remoteAddress, remotePort } = this
      .#socket as ConnectionAddresses;
    return { localAddress, localPort, remoteAddress, remotePort } as ConnectionAddresses;
  }
}

/** Anything with an auth context: a server call of grpc-js, an intercepted call, a call of a test. */
export interface CallLike {
  /** One object per connection. */
  getAuthContext?(): object;
}

interface Bound {
  [CONNECTION]?: ConnectionInfo;
}

/**
 * Returns the connection that `call` arrived on; undefined for calls of other servers, and for plain connections
 * of the grpc-js engine. A client cannot forge the result.
 *
 * @throws OptionError if `call` is not an object.
 */
export function connectionOf(call: CallLike): ConnectionInfo | undefined {
  if (typeof call !== 'object' || call === null) throw noCall(call);
  const bound = (call as Bound)[CONNECTION];
  if (bound !== undefined || typeof call.getAuthContext !== 'function') return bound;
  return (call.getAuthContext() as Bound)[CONNECTION];
}

function noCall(value: unknown): OptionError {
  const problem = `the call that a handler gets is needed, not ${showValue(value)}`;
  return new OptionError(`${problem}: in Nest it is the third argument of the handler`, 'call');
}

/** Makes `connectionOf(call)` return `connection`. */
export function bindConnection(call: CallLike, connection: ConnectionInfo): void {
  if (typeof call !== 'object' || call === null) throw noCall(call);
  Object.defineProperty(call, CONNECTION, { value: connection, configurable: true });
}

// `peerNameOf` and `authContextOf` return the values that grpc-js uses for a connection that it accepted.

function peerNameOf(socket: Duplex): string {
  const { remoteAddress, remotePort } = socket as Partial<TLSSocket>;
  if (remoteAddress === undefined) return 'unknown';
  return remotePort === undefined ? remoteAddress : `${remoteAddress}:${remotePort}`;
}

function authContextOf(socket: Duplex): AuthContext {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
  if (authorized !== true || getPeerCertificate === undefined) return {};
  // Null when the connection is closed, contrary to the type.
  const certificate = getPeerCertificate.call(socket) as PeerCertificate | null;
  return {
    transportSecurityType: 'ssl',
    // Node returns an empty object if the peer presented no certificate.
    ...(certificate?.raw && { sslPeerCertificate: certificate }),
  };
}
