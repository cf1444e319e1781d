import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';

/** What grpc-js tells handlers of the security of their connection (`call.getAuthContext()`). */
export interface AuthContext {
  transportSecurityType?: string;
  sslPeerCertificate?: PeerCertificate;
}

/** The connection that calls come in on. Handlers find it by `connectionOf(call)`. */
export class ConnectionInfo {
  /** Address and port of the other end, as `call.getPeer()` gives it; `unknown` where there is none. */
  readonly peerName: string;
  /** What `call.getAuthContext()` gives; one object per connection. */
  readonly authContext: AuthContext;

  /** @param socket - the connection's own socket, under TLS the `TLSSocket`. */
  constructor(socket: Duplex) {
    this.peerName = peerNameOf(socket);
    this.authContext = authContextOf(socket);
    connections.set(this.authContext, this);
  }
}

/** Anything that has an auth context: a server call of grpc-js, an intercepted one, one of a test. */
export interface CallLike {
  getAuthContext?(): object;
}

/** By identity of the auth context: exact, free, and nothing that a client sends can forge it. */
const connections = new WeakMap<object, ConnectionInfo>();

/** The connection that `call` came in on, if it is one of ours and not a plain one. */
export function connectionOf(call: CallLike): ConnectionInfo | undefined {
  const bound = connections.get(call);
  if (bound !== undefined || typeof call.getAuthContext !== 'function') return bound;
  return connections.get(call.getAuthContext());
}

/** Makes `connectionOf(call)` answer `connection`. */
export function bindConnection(call: CallLike, connection: ConnectionInfo): void {
  connections.set(call, connection);
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
  const certificate = getPeerCertificate.call(socket);
  return {
    transportSecurityType: 'ssl',
    // Node gives an empty object where the other end showed no certificate.
    ...('raw' in certificate && { sslPeerCertificate: certificate }),
  };
}
