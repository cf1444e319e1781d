import { status } from '@grpc/grpc-js';

/** What went wrong; stable across releases. */
export type BackchannelErrorCode =
  /** A peer was asked for on a connection that has no backchannel. */
  | 'ERR_BACKCHANNEL_NOT_MULTIPLEXED'
  /** No peer with this id is connected. */
  | 'ERR_BACKCHANNEL_UNKNOWN_PEER'
  /** The other end did not complete the handshake. */
  | 'ERR_BACKCHANNEL_HANDSHAKE'
  /** A stub was asked for, but nobody said which services peers have. */
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
  constructor(readonly peerId: number) {
    super(
      'ERR_BACKCHANNEL_UNKNOWN_PEER',
      status.UNAVAILABLE,
      `no backchannel for peer ${peerId}: it is not connected, or no longer; a peer that reconnects gets a new id`,
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
