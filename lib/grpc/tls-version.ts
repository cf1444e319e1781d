import type { Duplex } from 'node:stream';
import tls, { type SecureVersion, type TLSSocket } from 'node:tls';

const TOO_OLD: ReadonlySet<unknown> = new Set(['SSLv3', 'TLSv1', 'TLSv1.1']);

/**
 * The lowest version of TLS that either side takes part in: 1.2, or 1.3 where Node's own default says
 * so (`--tls-min-v1.3`). A default of Node that is lower (`--tls-min-v1.0`) is not followed.
 */
export function minTlsVersion(): SecureVersion {
  return tls.DEFAULT_MIN_VERSION === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2';
}

/**
 * For connections that somebody else's credentials made secure, with Node's default: nobody can tell
 * them beforehand.
 *
 * @throws Error if `socket` is a TLS connection of a version below 1.2.
 */
export function refuseOldTls(socket: Duplex): void {
  const version = (socket as Partial<TLSSocket>).getProtocol?.();
  if (!TOO_OLD.has(version)) return;
  throw new Error(`the other end speaks ${version} only; have it speak TLS 1.2 or newer`);
}
