import type { Duplex } from 'node:stream';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { ConnectionInfo } from '../grpc/index.js';
import { PeerRefusedError } from './errors.js';

/** Somebody who asks to become a peer: all that is known before a byte of their session is read. */
export interface PeerCandidate {
  /** IP address; undefined where the connection has none. */
  readonly remoteAddress: string | undefined;
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
 * told; any other error refuses too, without saying why.
 */
export type AuthorizePeer = (
  candidate: PeerCandidate,
) => PeerIdentity | void | Promise<PeerIdentity | void>;

/**
 * What `authorizePeer` says of the connection on `socket`.
 *
 * @throws PeerRefusedError (as a rejection) for whatever it throws.
 */
export async function authorize(
  authorizePeer: AuthorizePeer,
  socket: Duplex,
  connection: ConnectionInfo,
): Promise<PeerIdentity> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort(new Error('the connection was closed'));
  socket.once('close', onClose);
  const { remoteAddress, remotePort } = connection.addresses;
  try {
    const identity = await authorizePeer({
      remoteAddress,
      remotePort,
      certificate: connection.certificate,
      tls: 'encrypted' in socket ? (socket as TLSSocket) : undefined,
      signal: gone.signal,
    });
    return identity ?? {};
  } catch (cause) {
    if (cause instanceof PeerRefusedError) throw cause;
    throw new PeerRefusedError('not authorized', { cause });
  } finally {
    socket.off('close', onClose);
  }
}
