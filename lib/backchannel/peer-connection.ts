import { PassThrough, type Duplex } from 'node:stream';
import { bindConnection, ConnectionInfo, connectionOf, type CallLike } from '../grpc/index.js';
import type { ClientConn } from './client-conn.js';
import { NonMultiplexedConnectionError } from './errors.js';
import type { PeerId } from './peer.js';
import { Registry } from './registry.js';

/** A multiplexed connection of the listening side: calls on it have a peer that can be called back. */
export class PeerConnection extends ConnectionInfo {
  readonly #conn: () => ClientConn | undefined;
  readonly #onFailure: (error: Error) => void;

  /**
   * @param socket - the connection's own socket, under TLS the `TLSSocket`.
   * @param peerId - the id of the peer at its other end.
   * @param registry - where that peer is found.
   * @param conn - what to call the peer with for as long as its calls are handled, which may be longer
   * than the registry has it. Default: what the registry has.
   * @param onFailure - told why, if HTTP/2 of the peer's calls fails.
   */
  constructor(
    socket: Duplex,
    readonly peerId: PeerId,
    readonly registry: Registry,
    conn: () => ClientConn | undefined = () => undefined,
    onFailure: (error: Error) => void = () => {},
  ) {
    super(socket);
    this.#conn = conn;
    this.#onFailure = onFailure;
  }

  /**
   * What to call the peer with.
   *
   * @throws UnknownPeerError if it has gone.
   */
  get backchannel(): ClientConn {
    return this.#conn() ?? this.registry.backchannel(this.peerId);
  }

  /** @internal */
  override failed(error: Error): void {
    this.#onFailure(error);
  }
}

/**
 * The id of the peer whose call is being handled. Go: `backchannel.GetPeerID`.
 *
 * @param call - the call as the handler received it.
 * @throws NonMultiplexedConnectionError if the call came in on a plain connection.
 */
export function getPeerId(call: CallLike): PeerId {
  return peerConnectionOf(call).peerId;
}

/**
 * What to call the peer back with whose call is being handled.
 *
 * @throws NonMultiplexedConnectionError if the call came in on a plain connection.
 * @throws UnknownPeerError if the peer has gone meanwhile.
 */
export function getBackchannel(call: CallLike): ClientConn {
  return peerConnectionOf(call).backchannel;
}

/** Whether `call` came in on a multiplexed connection, so that its client can be called back. */
export function hasBackchannel(call: CallLike): boolean {
  return connectionOf(call) instanceof PeerConnection;
}

/**
 * Makes `call` one of peer `id`, for tests of handlers. Go: `backchannel.WithID`.
 *
 * @param registry - where `getBackchannel(call)` looks for the peer. Default: an empty one.
 * @returns `call`.
 */
export function withId<T extends CallLike>(call: T, id: PeerId, registry = new Registry()): T {
  bindConnection(call, new PeerConnection(new PassThrough(), id, registry));
  return call;
}

function peerConnectionOf(call: CallLike): PeerConnection {
  const connection = connectionOf(call);
  if (connection instanceof PeerConnection) return connection;
  throw new NonMultiplexedConnectionError();
}
