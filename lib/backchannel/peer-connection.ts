import { PassThrough, type Duplex } from 'node:stream';
import {
  bindConnection,
  ConnectionInfo,
  connectionOf,
  type CallLike,
  type ServedStream,
} from '../grpc/index.js';
import type { PeerIdentity } from './authorization.js';
import type { ClientConn } from './client-conn.js';
import { NonMultiplexedConnectionError } from './errors.js';
import type { PeerId } from './peer.js';
import { Registry } from './registry.js';

/** What a `PeerConnectionInfo` needs of the session that it is the connection of. */
export interface PeerConnectionOwner {
  /** What to call the peer with for as long as its calls are handled: longer than the registry has it. */
  readonly conn: ClientConn | undefined;
  /** Forward calls are served by `served`. */
  servedBy(served: ServedStream): void;
  /** HTTP/2 of the forward calls has failed. */
  fail(error: Error): void;
  /** The other end has said that it makes no more forward calls. */
  takesLeave(): void;
  /** The other end is being asked to make a new connection. */
  retired(): void;
}

/** A multiplexed connection of the listening side: calls on it have a peer that can be called back. */
export class PeerConnectionInfo extends ConnectionInfo {
  /** Who the peer is, by the answer of `authorizePeer`. */
  readonly identity: PeerIdentity;
  readonly #owner: PeerConnectionOwner | undefined;

  /**
   * @param socket - the connection's own socket, under TLS the `TLSSocket`.
   * @param peerId - the id of the peer at its other end.
   * @param registry - where that peer is found.
   * @param parts - the identity of the peer and its session. Default: none, as in tests; the peer is that
   * of the registry.
   */
  constructor(
    socket: Duplex,
    readonly peerId: PeerId,
    readonly registry: Registry,
    parts: { identity?: PeerIdentity; session?: PeerConnectionOwner } = {},
  ) {
    super(socket);
    this.identity = parts.identity ?? {};
    this.#owner = parts.session;
  }

  /**
   * What to call the peer with.
   *
   * @throws UnknownPeerError if it has gone.
   */
  get backchannel(): ClientConn {
    return this.#owner?.conn ?? this.registry.backchannel(this.peerId);
  }

  /** @internal */
  override failed(error: Error): void {
    this.#owner?.fail(error);
  }

  /** @internal */
  override takesLeave(): void {
    this.#owner?.takesLeave();
  }

  /** @internal */
  override retired(): void {
    this.#owner?.retired();
  }

  /** @internal Its forward calls are served by `served`. */
  servedBy(served: ServedStream): void {
    this.#owner?.servedBy(served);
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
  return connectionOf(call) instanceof PeerConnectionInfo;
}

/**
 * Makes `call` one of peer `id`, for tests of handlers. Go: `backchannel.WithID`.
 *
 * @param registry - where `getBackchannel(call)` looks for the peer. Default: an empty one.
 * @returns `call`.
 */
export function withId<T extends CallLike>(call: T, id: PeerId, registry = new Registry()): T {
  bindConnection(call, new PeerConnectionInfo(new PassThrough(), id, registry));
  return call;
}

function peerConnectionOf(call: CallLike): PeerConnectionInfo {
  const connection = connectionOf(call);
  if (connection instanceof PeerConnectionInfo) return connection;
  throw new NonMultiplexedConnectionError();
}
