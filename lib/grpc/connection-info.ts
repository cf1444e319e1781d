import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';

/** What grpc-js tells handlers of the security of their connection (`call.getAuthContext()`). */
export interface AuthContext {
  /** `ssl` if the other end showed a certificate that was verified. */
  transportSecurityType?: string;
  /** That certificate. */
  sslPeerCertificate?: PeerCertificate;
}

/** Addresses and ports of both ends, as far as they have any. */
export type ConnectionAddresses = Partial<
  Pick<TLSSocket, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>
>;

/** By which a call, or what it gives as its auth context, leads to its connection. */
const CONNECTION = Symbol('connection');

/** The connection that calls come in on. Handlers find it by `connectionOf(call)`. */
export class ConnectionInfo {
  /** Address and port of the other end, as `call.getPeer()` gives it; `unknown` where there is none. */
  readonly peerName: string;
  readonly #socket: Duplex;
  #authContext: AuthContext | undefined;

  /** @param socket - the connection's own socket, under TLS the `TLSSocket`. */
  constructor(socket: Duplex) {
    this.#socket = socket;
    this.peerName = peerNameOf(socket);
  }

  /** What `call.getAuthContext()` gives; one object per connection. */
  get authContext(): AuthContext {
    this.#authContext ??= Object.defineProperty(authContextOf(this.#socket), CONNECTION, {
      value: this,
    });
    return this.#authContext;
  }

  /** What the other end proved to be by TLS; undefined where it showed no certificate that was verified. */
  get certificate(): PeerCertificate | undefined {
    return this.authContext.sslPeerCertificate;
  }

  /** Bytes that came in; undefined where the socket does not count. */
  get bytesRead(): number | undefined {
    return (this.#socket as Partial<TLSSocket>).bytesRead;
  }

  /** Bytes that were sent; undefined where the socket does not count. */
  get bytesWritten(): number | undefined {
    return (this.#socket as Partial<TLSSocket>).bytesWritten;
  }

  /**
   * @internal HTTP/2 on it has failed. Its stream is about to end as it does in order: the other end is
   * still to be told why.
   */
  failed(_error: Error): void {}

  /** @internal The other end has said in order that it makes no more calls on it. */
  takesLeave(): void {}

  /** @internal This side is about to send the other end away from it, to a new connection. */
  retired(): void {}

  /** @internal What grpc-js' `call.getConnectionInfo()` gives. */
  get addresses(): ConnectionAddresses {
    const { localAddress, localPort, remoteAddress, remotePort } = this
      .#socket as ConnectionAddresses;
    return { localAddress, localPort, remoteAddress, remotePort } as ConnectionAddresses;
  }
}

/** Anything that has an auth context: a server call of grpc-js, an intercepted one, one of a test. */
export interface CallLike {
  /** One object per connection. */
  getAuthContext?(): object;
}

interface Bound {
  [CONNECTION]?: ConnectionInfo;
}

/**
 * The connection that `call` came in on, if an engine of this package served it; plain connections of
 * grpc-js have none. Nothing that a client sends can forge it.
 */
export function connectionOf(call: CallLike): ConnectionInfo | undefined {
  const bound = (call as Bound)[CONNECTION];
  if (bound !== undefined || typeof call.getAuthContext !== 'function') return bound;
  return (call.getAuthContext() as Bound)[CONNECTION];
}

/** Makes `connectionOf(call)` answer `connection`. */
export function bindConnection(call: CallLike, connection: ConnectionInfo): void {
  Object.defineProperty(call, CONNECTION, { value: connection, configurable: true });
}

// Both as grpc-js itself answers for a connection that it accepted.

function peerNameOf(socket: Duplex): string {
  const { remoteAddress, remotePort } = socket as Partial<TLSSocket>;
  if (remoteAddress === undefined) return 'unknown';
  return remotePort === undefined ? remoteAddress : `${remoteAddress}:${remotePort}`;
}

function authContextOf(socket: Duplex): AuthContext {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
  if (authorized !== true || getPeerCertificate === undefined) return {};
  // Null, whatever its types say, when the connection is closed.
  const certificate = getPeerCertificate.call(socket) as PeerCertificate | null;
  return {
    transportSecurityType: 'ssl',
    // Node gives an empty object where the other end showed no certificate.
    ...(certificate?.raw && { sslPeerCertificate: certificate }),
  };
}
