import { PassThrough, type Duplex } from 'node:stream';
import {
  bindConnection,
  ConnectionInfo,
  connectionOf,
  type CallLike,
  type ServedStream,
} from '../grpc/index.js';
import type { PeerIdentity } from './authorize-peer.js';
import type { ClientConn } from './client-conn.js';
import { DialedConnectionInfo } from './dialed-connection-info.js';
import { NonMultiplexedConnectionError, UnknownPeerError } from './errors.js';
import type { Peer, PeerId } from './peer.js';
import { Registry } from './registry.js';

/** The session of a `PeerConnectionInfo`. */
export interface PeerConnectionOwner {
  /**
   * Connection for calls to the peer. Exists until the forward calls have ended, even if the registry has
   * already removed the peer; undefined afterwards.
   */
  readonly conn: ClientConn | undefined;
  /** The peer, even if the registry has already removed it; undefined before it is registered. */
  readonly peer: Peer | undefined;
  /** Called with the server side of the forward stream. */
  servedBy(served: ServedStream): void;
  /** Called when HTTP/2 on the forward stream fails. */
  fail(error: Error): void;
  /** Called when the other end announces that it makes no more forward calls. */
  peerAnnouncedDeparture(): void;
  /** Called before this side asks the other end to make a new connection. */
  askedForNewConnection(): void;
}

/** A multiplexed connection of the listening side: handlers of its calls can call the peer back. */
export class PeerConnectionInfo extends ConnectionInfo {
  /** Identity of the peer: the answer of `authorizePeer`. */
  readonly identity: PeerIdentity;
  readonly #owner: PeerConnectionOwner | undefined;

  /**
   * @param socket - socket of the connection; with TLS the `TLSSocket`.
   * @param peerId - id of the peer at the other end.
   * @param registry - registry that has the peer.
   * @param parts - identity of the peer, and its session. Default: none, as in tests; the peer is then
   * looked up in the registry.
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
   * Connection for calls to the peer.
   *
   * @throws UnknownPeerError if the peer has disconnected.
   */
  get backchannel(): ClientConn {
    return this.#owner?.conn ?? this.registry.backchannel(this.peerId);
  }

  /**
   * The peer at the other end, also after it has disconnected.
   *
   * @throws UnknownPeerError if the connection has no session, as in tests, and the registry has no such
   * peer.
   */
  get peer(): Peer {
    const peer = this.#owner?.peer ?? this.registry.get(this.peerId);
    if (peer === undefined) throw new UnknownPeerError(this.peerId);
    return peer;
  }

  /** @internal */
  override failed(error: Error): void {
    this.#owner?.fail(error);
  }

  /** @internal */
  override peerAnnouncedDeparture(): void {
    this.#owner?.peerAnnouncedDeparture();
  }

  /** @internal */
  override askedForNewConnection(): void {
    this.#owner?.askedForNewConnection();
  }

  /** @internal Registers `served` as the server side of the forward stream. */
  servedBy(served: ServedStream): void {
    this.#owner?.servedBy(served);
  }
}

/**
 * Returns the id of the peer that made a call. Go: `backchannel.GetPeerID`.
 *
 * @param call - the call that the handler received.
 * @throws NonMultiplexedConnectionError if the call came in on a plain connection, or on one that this side
 * made.
 */
export function getPeerId(call: CallLike): PeerId {
  return peerConnectionOf(call).peerId;
}

/**
 * Returns the peer that made a call, even if it has disconnected in the meantime.
 *
 * @param call - the call that the handler received.
 * @throws NonMultiplexedConnectionError if the call came in on a plain connection, or on one that this side
 * made.
 */
export function getPeer(call: CallLike): Peer {
  return peerConnectionOf(call).peer;
}

/**
 * Returns the connection on which a handler can call the peer that made `call`.
 *
 * @throws NonMultiplexedConnectionError if the call came in on a plain connection, or on one that this side
 * made.
 * @throws UnknownPeerError if the peer has disconnected in the meantime.
 */
export function getBackchannel(call: CallLike): ClientConn {
  return peerConnectionOf(call).backchannel;
}

/** Whether `call` came in on a multiplexed connection, so that its client can be called back. */
export function hasBackchannel(call: CallLike): boolean {
  return connectionOf(call) instanceof PeerConnectionInfo;
}

/**
 * Assigns `call` to the peer `id`, for tests of handlers. Go: `backchannel.WithID`.
 *
 * @param registry - registry in which `getBackchannel(call)` looks up the peer. Default: an empty one.
 * @returns `call`.
 */
export function withId<T extends CallLike>(call: T, id: PeerId, registry = new Registry()): T {
  bindConnection(call, new PeerConnectionInfo(new PassThrough(), id, registry));
  return call;
}

function peerConnectionOf(call: CallLike): PeerConnectionInfo {
  const connection = connectionOf(call);
  if (connection instanceof PeerConnectionInfo) return connection;
  throw new NonMultiplexedConnectionError(connection instanceof DialedConnectionInfo);
}
