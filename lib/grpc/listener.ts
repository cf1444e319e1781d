import { createServer as createNetServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { ServerCredentials } from '@grpc/grpc-js';

/**
 * A TCP or TLS server for `ListenMux.attach`, secured as grpc-js would be by the same credentials:
 * TLS first, with ALPN `h2`; certificates that the credentials renew take effect for new connections.
 *
 * @param handshakeTimeoutMs - milliseconds that a TLS handshake may take. Default 20000.
 */
export function createListener(
  credentials?: ServerCredentials,
  handshakeTimeoutMs = 20_000,
): Server {
  if (credentials === undefined || !credentials._isSecure()) return createNetServer();
  const server = createTlsServer({
    ...credentials._getConstructorOptions(),
    ...credentials._getSecureContextOptions(),
    ALPNProtocols: ['h2'],
    handshakeTimeout: handshakeTimeoutMs,
  });
  const renew: Parameters<ServerCredentials['_addWatcher']>[0] = (context) => {
    if (context !== null) server.setSecureContext(context);
  };
  credentials._addWatcher(renew);
  server.once('close', () => credentials._removeWatcher(renew));
  return server;
}
