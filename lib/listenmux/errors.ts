/** Why a connection was closed before it could be served; stable across releases. */
export type ListenMuxErrorCode =
  /**
   * As many connections are open as `maxConnections` allows.
   *
   * gRPC status: UNAVAILABLE at the dialing side, which tries again.
   * Remedy: More processes behind the address, or a larger `maxConnections`.
   */
  | 'ERR_LISTENMUX_TOO_MANY_CONNECTIONS'
  /**
   * As many connections of this address are open as `maxConnectionsPerAddress` allows.
   *
   * gRPC status: UNAVAILABLE at the dialing side, which tries again.
   * Remedy: Look at what is behind the address: for a NAT or a load balancer the limit has to be larger.
   */
  | 'ERR_LISTENMUX_TOO_MANY_FROM_ADDRESS'
  /**
   * As many connections shake hands at once as `maxHandshakes` allows.
   *
   * gRPC status: UNAVAILABLE at the dialing side, which tries again.
   * Remedy: An `authorizePeer` that answers sooner, a shorter `handshakeTimeoutMs`, or a larger `maxHandshakes`.
   */
  | 'ERR_LISTENMUX_TOO_MANY_HANDSHAKES'
  /**
   * A newcomer needed the place of this connection, whose handshake made no progress: as many
   * connections shake hands as `maxHandshakes` allows, or are open as `maxConnections` allows, and most
   * of the handshakes are of this address.
   *
   * gRPC status: UNAVAILABLE at the dialing side, which tries again.
   * Remedy: Look at what dials from this address and says nothing.
   */
  | 'ERR_LISTENMUX_DISPLACED'
  /**
   * The connection did not say what it is, or did not shake hands, within `handshakeTimeoutMs`.
   *
   * gRPC status: UNAVAILABLE at the dialing side, which tries again.
   * Remedy: Look at what dials; health checks should close at once, or speak gRPC.
   */
  | 'ERR_LISTENMUX_TIMEOUT'
  /**
   * The TLS handshake failed; `cause` says more.
   *
   * gRPC status: UNAVAILABLE at the dialing side.
   * Remedy: Look the message up in docs/tls.md, which has those of refusals.
   */
  | 'ERR_LISTENMUX_TLS'
  /**
   * The other end closed the connection before it had said what it is.
   *
   * gRPC status: none.
   * Remedy: None is needed: it is most often a health check of TCP.
   */
  | 'ERR_LISTENMUX_CLOSED'
  /**
   * The connection is not multiplexed, and `allowPlainClients` is false.
   *
   * gRPC status: UNAVAILABLE at the plain client.
   * Remedy: Have it connect by a backchannel client.
   */
  | 'ERR_LISTENMUX_PLAIN_CLIENT';

/** A connection was closed before it could be served. It reaches `onHandshakeError`, never a call. */
export class ListenMuxError extends Error {
  /** The name of its class. */
  override readonly name = 'ListenMuxError';

  constructor(
    /** Why, to tell errors apart. */
    readonly code: ListenMuxErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
