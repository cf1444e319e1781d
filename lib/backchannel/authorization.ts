import type { Duplex } from 'node:stream';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { inRootContext } from '../context/index.js';
import type { ConnectionInfo } from '../grpc/index.js';
import { func, text, verifyOptions, type Rule, type Rules } from '../options/index.js';
import { AuthorizationFault, HandshakeError, PeerRefusedError } from './errors.js';
import { bufferInput } from './buffer-input.js';

/** Somebody who asks to become a peer: all that is known before a byte of their session is read. */
export interface PeerCandidate {
  /** IP address; undefined where the connection has none. */
  readonly remoteAddress: string | undefined;
  /** Undefined where the connection has none. */
  readonly remotePort: number | undefined;
  /** What they proved to own by mutual TLS; undefined without, or if it was not verified. */
  readonly certificate: PeerCertificate | undefined;
  /** The TLS connection; undefined without TLS. */
  readonly tls: TLSSocket | undefined;
  /** Aborts when they have gone before there was an answer. */
  readonly signal: AbortSignal;
}

/** What `authorizePeer` may say of who is let in. */
export interface PeerIdentity {
  /** `Peer.name`, by which `Registry.named` finds it. */
  name?: string | undefined;
}

/**
 * Decides who becomes a peer. Throw `PeerRefusedError` to refuse with a reason that the other end is
 * told; any other error refuses too, without saying why. So does an answer that is neither nothing
 * nor a `PeerIdentity`, such as `false`.
 *
 * It is asked for every connection, and has `handshakeTimeoutMs` to answer. Who dials may wait for less:
 * this package 10 seconds, grpc-js and Go 20.
 */
export type AuthorizePeer = (
  candidate: PeerCandidate,
) => PeerIdentity | void | Promise<PeerIdentity | void>;

/** What the option `authorizePeer` may be. */
export const AUTHORIZE_PEER_RULE: Rule<AuthorizePeer> = func(
  'a function that throws PeerRefusedError to refuse a peer',
);

const IDENTITY_RULES: Rules<PeerIdentity> = { name: text };

/**
 * What `authorizePeer` says of the connection on `socket`.
 *
 * @throws PeerRefusedError (as a rejection) for whatever it throws.
 * @throws HandshakeError if the other end has gone before there was an answer; nobody waits for one then.
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
    // Listeners of the signal are the application's, as `authorizePeer` is.
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
    signal.throwIfAborted(); // Whatever `authorizePeer` makes of that.
    throw cause instanceof PeerRefusedError ? cause : new AuthorizationFault(cause);
  } finally {
    giveBack();
  }
}

/**
 * The answer of `authorizePeer`. A peer is refused if that is not one: `false` must not let it in.
 *
 * @throws OptionError if it is neither undefined nor a `PeerIdentity`.
 */
function identityOf(answer: PeerIdentity | void): PeerIdentity {
  return answer === undefined ? {} : verifyOptions('authorizePeer', IDENTITY_RULES, answer);
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}
