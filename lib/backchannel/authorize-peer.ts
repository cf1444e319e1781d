import type { Duplex } from 'node:stream';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { inRootContext } from '../context/index.js';
import type { ConnectionInfo } from '../grpc/index.js';
import { func, text, verifyOptions, type Rule, type Rules } from '../options/index.js';
import { AuthorizationFault, HandshakeError, PeerRefusedError } from './errors.js';
import { bufferInput } from './buffer-input.js';

/** Facts about a connection that asks to become a peer, known before a byte of its session is read. */
export interface PeerCandidate {
  /** IP address of the other end; undefined if the connection has none. */
  readonly remoteAddress: string | undefined;
  /** Port of the other end; undefined if the connection has none. */
  readonly remotePort: number | undefined;
  /**
   * Certificate that the other end proved to own by mutual TLS; undefined without one, or if it was not
   * verified.
   */
  readonly certificate: PeerCertificate | undefined;
  /** The TLS connection; undefined without TLS. */
  readonly tls: TLSSocket | undefined;
  /**
   * Aborts if the connection ends before `authorizePeer` answers, or if the other end sends more than 128
   * KiB by then.
   */
  readonly signal: AbortSignal;
}

/** Answer of `authorizePeer` about a peer that it accepts. */
export interface PeerIdentity {
  /** Becomes `Peer.name`, by which `Registry.named` finds the peer. */
  name?: string | undefined;
}

/**
 * Decides which connections become peers. To refuse one, throw `PeerRefusedError`: its reason is sent to
 * the other end. Any other error refuses the connection without a reason. An answer that is neither
 * undefined nor a `PeerIdentity`, such as `false`, refuses it as well.
 *
 * Called for every connection, and has `handshakeTimeoutMs` to answer. The dialing side may give up
 * earlier: this package after 10 seconds, grpc-js and Go after 20.
 */
export type AuthorizePeer = (
  candidate: PeerCandidate,
) => PeerIdentity | void | Promise<PeerIdentity | void>;

/** Rule of the option `authorizePeer`. */
export const AUTHORIZE_PEER_RULE: Rule<AuthorizePeer> = func(
  'a function that throws PeerRefusedError to refuse a peer',
);

const IDENTITY_RULES: Rules<PeerIdentity> = { name: text };

/**
 * Returns the answer of `authorizePeer` for the connection on `socket`.
 *
 * @throws PeerRefusedError (as a rejection) that `authorizePeer` throws; `AuthorizationFault`, a
 * PeerRefusedError without a reason, for its other errors and for a bad answer.
 * @throws HandshakeError (as a rejection) if the connection ends before there is an answer, or if the other
 * end sends more than 128 KiB by then.
 */
export async function authorize(
  authorizePeer: AuthorizePeer,
  socket: Duplex,
  connection: ConnectionInfo,
): Promise<PeerIdentity> {
  const why = 'the connection ended before the client was authorized';
  if (socket.closed) throw new HandshakeError(why, { cause: socket.errored ?? undefined });
  const gone = new AbortController();
  const { signal } = gone;
  const giveBack = bufferInput(socket, (cause) => {
    // Listeners of the signal belong to the application, so they get the root context, as `authorizePeer`
    // does.
    inRootContext(() => gone.abort(new HandshakeError(why, { cause })));
  });
  const { remoteAddress, remotePort } = connection.addresses;
  const ask = async (): Promise<PeerIdentity | void> =>
    inRootContext(() =>
      authorizePeer({
        remoteAddress,
        remotePort,
        certificate: connection.certificate,
        tls: 'encrypted' in socket ? (socket as TLSSocket) : undefined,
        signal,
      }),
    );
  try {
    return identityOf(await Promise.race([ask(), rejectionOf(signal)]));
  } catch (cause) {
    signal.throwIfAborted(); // An aborted connection takes precedence over any error of `authorizePeer`.
    throw cause instanceof PeerRefusedError ? cause : new AuthorizationFault(cause);
  } finally {
    giveBack();
  }
}

/**
 * Returns a valid answer of `authorizePeer`. Every other answer refuses the peer: `false` must not let it
 * in.
 *
 * @throws OptionError if the answer is neither undefined nor a `PeerIdentity`.
 */
function identityOf(answer: PeerIdentity | void): PeerIdentity {
  return answer === undefined ? {} : verifyOptions('authorizePeer', IDENTITY_RULES, answer);
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}
