import { status } from '@grpc/grpc-js';
import { MAX_STAY_AWAY_MS, STAY_AWAY_RULE } from '../grpc/index.js';
import { trueOrFalse, verifyOptions, type Rules } from '../options/index.js';

/** Code of a `BackchannelError`; stable across releases. */
export type BackchannelErrorCode =
  /**
   * The call of a handler that needs a peer came in on a connection without a backchannel.
   *
   * gRPC status: FAILED_PRECONDITION.
   * Remedy: Let the caller connect with a backchannel client. If plain clients call the handler as well,
   * use `@Backchannel({ optional: true })`. On the dialing side, use `@CurrentClient()`.
   */
  | 'ERR_BACKCHANNEL_NOT_MULTIPLEXED'
  /**
   * The call of a handler that needs a client came in on a connection that no client of this application
   * made.
   *
   * gRPC status: FAILED_PRECONDITION.
   * Remedy: Name what each side serves, with the option `services`. If the callers of the listening side
   * call the handler as well, use `@CurrentClient({ optional: true })`.
   */
  | 'ERR_BACKCHANNEL_NO_CLIENT'
  /**
   * No peer with this id is connected.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Do not store ids: a peer gets a new id when it reconnects. `registry.named(name)` finds it
   * again.
   */
  | 'ERR_BACKCHANNEL_UNKNOWN_PEER'
  /**
   * The other end did not complete the handshake.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Read the message, `cause`, and the log of the other end, which may not speak this protocol.
   */
  | 'ERR_BACKCHANNEL_HANDSHAKE'
  /**
   * The listening side refused this peer.
   *
   * gRPC status: UNAVAILABLE at the dialing side; PERMISSION_DENIED if a handler throws it.
   * Remedy: Follow the reason in the message; the listening side logs the complete error. The dialing side
   * tries again, after the time that the message names, if any; `client.connect()` tries at once.
   */
  | 'ERR_BACKCHANNEL_PEER_REFUSED'
  /**
   * The dialing side has no connection.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: Read `cause`, the error of the last attempt. Use a longer deadline, or watch
   * `client.connection$`.
   */
  | 'ERR_BACKCHANNEL_NOT_CONNECTED'
  /**
   * No matching peer connected before the deadline.
   *
   * gRPC status: DEADLINE_EXCEEDED.
   * Remedy: Use a longer deadline; check whether the peer connects at all, and whether it is refused.
   */
  | 'ERR_BACKCHANNEL_NO_PEER'
  /**
   * A stub was requested, but the services of peers were not declared.
   *
   * gRPC status: FAILED_PRECONDITION.
   * Remedy: Declare them in the option `server.backchannel` of `forRoot` (package and protoPath).
   */
  | 'ERR_BACKCHANNEL_NO_SERVICES';

/**
 * Base class of backchannel errors. When a handler throws one, the caller receives the gRPC status in
 * `code` with `details`, as for every `ServiceError` of grpc-js.
 */
export class BackchannelError extends Error {
  /** Name of the class. */
  override readonly name: string = 'BackchannelError';
  /** gRPC status code. */
  readonly code: status;
  /** gRPC status message. */
  readonly details: string;
  /** Identifies the kind of the error. */
  readonly reason: BackchannelErrorCode;

  constructor(reason: BackchannelErrorCode, code: status, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.code = code;
    this.details = message;
  }
}

const CALLER_IS_PLAIN =
  'this client cannot be called back: its connection is not multiplexed; it must connect through a backchannel client';
const CALLER_IS_NO_PEER =
  'the caller is no peer: this application made the connection of the call; the dialing side has the client of the connection, by @CurrentClient() or getBackchannelClient(call)';

/**
 * The call came in on a plain connection, so there is no backchannel to its client; or on a connection that
 * this side made, so the caller is no peer of it. Go: `ErrNonMultiplexedConnection`.
 */
export class NonMultiplexedConnectionError extends BackchannelError {
  override readonly name = 'NonMultiplexedConnectionError';

  /** @param isDialed - whether this side made the connection of the call. Default false. */
  constructor(isDialed = false) {
    super(
      'ERR_BACKCHANNEL_NOT_MULTIPLEXED',
      status.FAILED_PRECONDITION,
      isDialed ? CALLER_IS_NO_PEER : CALLER_IS_PLAIN,
    );
  }
}

/** The call came in on a connection that no client of this application made. */
export class NoClientError extends BackchannelError {
  override readonly name = 'NoClientError';

  constructor() {
    super(
      'ERR_BACKCHANNEL_NO_CLIENT',
      status.FAILED_PRECONDITION,
      'no client of this application was called: the call came in on a connection that its caller made',
    );
  }
}

/** No peer with this id is connected now. Go: `no backchannel for peer`. */
export class UnknownPeerError extends BackchannelError {
  override readonly name = 'UnknownPeerError';

  /** @param peerId - the requested id. */
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

/** When a refused peer may try again. */
export interface RefusalAdvice {
  /**
   * Milliseconds for which the peer is to stay away, at most 86400000 (24 hours). Default: it tries again
   * with growing pauses.
   */
  retryAfterMs?: number | undefined;
  /** Whether the peer will be refused forever: it stays away for 24 hours each time. Default false. */
  permanent?: boolean | undefined;
}

const ADVICE_RULES: Rules<RefusalAdvice> = { retryAfterMs: STAY_AWAY_RULE, permanent: trueOrFalse };

/**
 * Thrown by `authorizePeer` to refuse a peer. The reason is sent to the other end, with the time for which it
 * is to stay away. A dialing side of this package obeys, unless its option `obeyHub` is false.
 */
export class PeerRefusedError extends BackchannelError {
  override readonly name = 'PeerRefusedError';
  /** Milliseconds for which the peer is to stay away; undefined if this side does not say. */
  readonly retryAfterMs: number | undefined;
  /** Whether the peer will be refused forever. */
  readonly permanent: boolean;

  /**
   * @param why - reason for the other end. Default: no reason.
   * @throws OptionError for a bad `retryAfterMs` or `permanent`. In `authorizePeer` it refuses the peer, too.
   */
  constructor(
    readonly why = '',
    { retryAfterMs, permanent, ...options }: ErrorOptions & RefusalAdvice = {},
  ) {
    super(
      'ERR_BACKCHANNEL_PEER_REFUSED',
      status.PERMISSION_DENIED,
      why ? `peer refused: ${why}` : 'peer refused',
      options,
    );
    const advice = verifyOptions('PeerRefusedError', ADVICE_RULES, { retryAfterMs, permanent });
    this.permanent = advice.permanent ?? false;
    this.retryAfterMs = this.permanent ? MAX_STAY_AWAY_MS : advice.retryAfterMs;
  }
}

/** `authorizePeer` failed: `cause` is its error, which is not sent to the other end. */
export class AuthorizationFault extends PeerRefusedError {
  constructor(cause: unknown) {
    super('not authorized', { cause });
  }
}

/** No matching peer connected before the deadline. */
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

/** A client has no connection; `cause` is the error of the last attempt, if known. */
export class NotConnectedError extends BackchannelError {
  override readonly name = 'NotConnectedError';

  /** @param waitedMs - milliseconds that the caller waited; undefined if the client is closed. */
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
