import type { Duplex } from 'node:stream';
import tls, { type SecureVersion, type TLSSocket } from 'node:tls';

const TOO_OLD: ReadonlySet<unknown> = new Set(['SSLv3', 'TLSv1', 'TLSv1.1']);

/**
 * Returns the minimum TLS version of both sides: 1.2, or 1.3 if that is Node's default (`--tls-min-v1.3`).
 * Lower defaults of Node (`--tls-min-v1.0`) are ignored.
 */
export function minTlsVersion(): SecureVersion {
  return tls.DEFAULT_MIN_VERSION === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2';
}

/**
 * Verifies the TLS version after the handshake. Credentials of grpc-js use Node's default minimum version,
 * which cannot be changed beforehand.
 *
 * @throws Error if `socket` is a TLS connection of a version below 1.2.
 */
export function refuseOldTls(socket: Duplex): void {
  const version = (socket as Partial<TLSSocket>).getProtocol?.();
  if (!TOO_OLD.has(version)) return;
  throw new Error(`the other end speaks ${version} only; have it speak TLS 1.2 or newer`);
}
