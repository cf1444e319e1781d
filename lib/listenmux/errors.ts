/** Reason why a connection was closed before it was served. Stable across releases. */
export type ListenMuxErrorCode =
  /**
   * The number of open connections has reached `maxConnections`.
   *
   * gRPC status: UNAVAILABLE at the dialing side, which tries again.
   * Remedy: Run more processes behind the address, or raise `maxConnections`.
   */
  | 'ERR_LISTENMUX_TOO_MANY_CONNECTIONS'
  /**
   * The number of open connections of this address has reached `maxConnectionsPerAddress`.
   *
   * gRPC status: UNAVAILABLE at the dialing side, which tries again.
   * Remedy: Check which clients use the address; a NAT or a load balancer needs a higher limit.
   */
  | 'ERR_LISTENMUX_TOO_MANY_FROM_ADDRESS'
  /**
   * The number of connections in their handshake has reached `maxHandshakes`.
   *
   * gRPC status: UNAVAILABLE at the dialing side, which tries again.
   * Remedy: Make `authorizePeer` answer sooner, shorten `handshakeTimeoutMs`, or raise `maxHandshakes`.
   */
  | 'ERR_LISTENMUX_TOO_MANY_HANDSHAKES'
  /**
   * A new connection took the place of this one, whose handshake made no progress: `maxHandshakes` or
   * `maxConnections` was reached, and this address had more handshakes in progress than any other.
   *
   * gRPC status: UNAVAILABLE at the dialing side, which tries again.
   * Remedy: Find the clients that connect from this address and send nothing.
   */
  | 'ERR_LISTENMUX_DISPLACED'
  /**
   * The connection did not identify itself or complete its handshake within `handshakeTimeoutMs`.
   *
   * gRPC status: UNAVAILABLE at the dialing side, which tries again.
   * Remedy: Find the clients that connect and stay silent; health checks should close at once, or use gRPC.
   */
  | 'ERR_LISTENMUX_TIMEOUT'
  /**
   * The TLS handshake failed; `cause` has the details.
   *
   * gRPC status: UNAVAILABLE at the dialing side.
   * Remedy: See docs/tls.md, which lists the messages of refusals.
   */
  | 'ERR_LISTENMUX_TLS'
  /**
   * The client closed the connection before it had identified itself.
   *
   * gRPC status: none.
   * Remedy: None; the connection vanished without an end or a reset.
   */
  | 'ERR_LISTENMUX_CLOSED'
  /**
   * The connection is not multiplexed, and `allowPlainClients` is false.
   *
   * gRPC status: UNAVAILABLE at the plain client.
   * Remedy: Connect with a backchannel client.
   */
  | 'ERR_LISTENMUX_PLAIN_CLIENT'
  /**
   * The client speaks TLS to a side without TLS, HTTP/1, or another protocol that is not HTTP/2.
   *
   * gRPC status: UNAVAILABLE at a gRPC client.
   * Remedy: Give both sides `credentials`, or neither; send HTTP requests to another port; switch off
   * the PROXY protocol of load balancers.
   */
  | 'ERR_LISTENMUX_NOT_GRPC';

/** A connection was closed before it was served. Passed to `onHandshakeError`, never to a call. */
export class ListenMuxError extends Error {
  /** The name of the class. */
  override readonly name = 'ListenMuxError';

  constructor(
    /** Identifies the reason. */
    readonly code: ListenMuxErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
