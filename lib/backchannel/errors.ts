import { status } from '@grpc/grpc-js';

/** What went wrong; stable across releases. */
export type BackchannelErrorCode =
  /**
   * A peer was asked for on a connection that has no backchannel.
   *
   * gRPC status: FAILED_PRECONDITION.
   * Remedy: Have the caller connect by a backchannel client; `@Backchannel({ optional: true })` where plain
   * clients call as well.
   */
  | 'ERR_BACKCHANNEL_NOT_MULTIPLEXED'
  /**
   * No peer with this id is connected.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Do not keep ids: a peer that reconnects has a new one. `registry.named(name)` finds it again.
   */
  | 'ERR_BACKCHANNEL_UNKNOWN_PEER'
  /**
   * The other end did not complete the handshake.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Look at what the message and `cause` say, and at the log of the other end: it may not be one that
   * speaks this protocol.
   */
  | 'ERR_BACKCHANNEL_HANDSHAKE'
  /**
   * The listening side does not let this peer in.
   *
   * gRPC status: UNAVAILABLE at the dialing side; PERMISSION_DENIED if a handler throws it.
   * Remedy: What the reason says; the listening side logs the whole error.
   */
  | 'ERR_BACKCHANNEL_PEER_REFUSED'
  /**
   * The dialing side did not get a connection.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Look at `cause`, which is why the last attempt failed; a longer deadline, or
   * `client.connection$`.
   */
  | 'ERR_BACKCHANNEL_NOT_CONNECTED'
  /**
   * No peer of the kind that was waited for came in time.
   *
   * gRPC status: DEADLINE_EXCEEDED.
   * Remedy: A longer deadline; see whether the peer connects at all, and whether it is refused.
   */
  | 'ERR_BACKCHANNEL_NO_PEER'
  /**
   * A stub was asked for, but nobody said which services peers have.
   *
   * gRPC status: none.
   * Remedy: Name them in the option `server.backchannel` of `forRoot` (package and protoPath).
   */
  | 'ERR_BACKCHANNEL_NO_SERVICES';

/**
 * Base of this room's errors. Thrown in a handler it reaches the caller as the gRPC status in `code`
 * with `details`, as every `ServiceError` of grpc-js does.
 */
export class BackchannelError extends Error {
  /** The name of its class. */
  override readonly name: string = 'BackchannelError';
  /** gRPC status code. */
  readonly code: status;
  /** gRPC status message. */
  readonly details: string;
  /** What went wrong, to tell errors apart. */
  readonly reason: BackchannelErrorCode;

  constructor(reason: BackchannelErrorCode, code: status, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.code = code;
    this.details = message;
  }
}

/**
 * The call came in on a plain connection: there is no backchannel to its client.
 * Go: `ErrNonMultiplexedConnection`.
 */
export class NonMultiplexedConnectionError extends BackchannelError {
  override readonly name = 'NonMultiplexedConnectionError';

  constructor() {
    super(
      'ERR_BACKCHANNEL_NOT_MULTIPLEXED',
      status.FAILED_PRECONDITION,
      'this client cannot be called back: its connection is not multiplexed; it must connect through a backchannel client',
    );
  }
}

/** No peer with this id is connected; it has gone, or never was. Go: `no backchannel for peer`. */
export class UnknownPeerError extends BackchannelError {
  override readonly name = 'UnknownPeerError';

  /** @param peerId - the id that was asked for. */
  constructor(
    readonly peerId: number,
    options?: ErrorOptions,
  ) {
    super(
      'ERR_BACKCHANNEL_UNKNOWN_PEER',
      status.UNAVAILABLE,
      `no backchannel for peer ${peerId}: it is not connected, or no longer; a peer that reconnects gets a new id`,
      options,
    );
  }
}

/** The other end did not complete the handshake. */
export class HandshakeError extends BackchannelError {
  override readonly name = 'HandshakeError';

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_BACKCHANNEL_HANDSHAKE', status.UNAVAILABLE, message, options);
  }
}

/** Thrown by `authorizePeer`: this peer is not let in. The other end is told why. */
export class PeerRefusedError extends BackchannelError {
  override readonly name = 'PeerRefusedError';

  /** @param why - what the other end is told. Default: nothing but that. */
  constructor(
    readonly why = '',
    options?: ErrorOptions,
  ) {
    super(
      'ERR_BACKCHANNEL_PEER_REFUSED',
      status.PERMISSION_DENIED,
      why ? `peer refused: ${why}` : 'peer refused',
      options,
    );
  }
}

/** `authorizePeer` failed: `cause` is what it threw, which concerns nobody but this side. */
export class AuthorizationFault extends PeerRefusedError {
  constructor(cause: unknown) {
    super('not authorized', { cause });
  }
}

/** No peer that was waited for came in time. */
export class NoPeerError extends BackchannelError {
  override readonly name = 'NoPeerError';

  constructor(deadlineMs: number) {
    super(
      'ERR_BACKCHANNEL_NO_PEER',
      status.DEADLINE_EXCEEDED,
      `no peer that was waited for connected within ${deadlineMs} ms`,
    );
  }
}

/** A client has no connection; `cause` is why the last attempt failed, if that is known. */
export class NotConnectedError extends BackchannelError {
  override readonly name = 'NotConnectedError';

  /** @param waitedMs - how long it was waited for; undefined if the client is closed. */
  constructor(url: string, waitedMs?: number, cause?: Error) {
    const problem =
      waitedMs === undefined
        ? `the client of ${url} is closed`
        : `no connection to ${url} within ${waitedMs} ms`;
    super(
      'ERR_BACKCHANNEL_NOT_CONNECTED',
      status.UNAVAILABLE,
      cause === undefined ? problem : `${problem}: ${cause.message}`,
      { cause },
    );
  }
}
