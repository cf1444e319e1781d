import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import { experimental, logVerbosity, type ServerCredentials } from '@grpc/grpc-js';
import { minTlsVersion } from './tls-version.js';

/**
 * A TCP or TLS server for `ListenMux.attach`, secured as grpc-js would be by the same credentials:
 * TLS first, of version 1.2 at least, and only with clients that choose `h2` by ALPN.
 *
 * Certificates that the credentials renew take effect for new connections. Until there are any,
 * connections are closed; where renewed ones cannot be read or used, those of before stay in use, and
 * the log of grpc-js says so.
 *
 * Connections that are refused are told by the server's event `tlsClientError`, or close with an error.
 *
 * @param handshakeTimeoutMs - milliseconds that a TLS handshake may take. Default 20000.
 */
export function createListener(
  credentials?: ServerCredentials,
  handshakeTimeoutMs = 20_000,
): Server {
  if (credentials === undefined || !credentials._isSecure()) return createNetServer();
  const server = createTlsServer({
    ...contextOf(credentials),
    ALPNProtocols: ['h2'],
    handshakeTimeout: handshakeTimeoutMs,
  });
  followRenewals(server, credentials);
  return server.prependListener('secureConnection', refuseWithoutH2);
}

/** All at once: what Node is not told again when a context is renewed falls back to its defaults. */
function contextOf(
  credentials: ServerCredentials,
  context = credentials._getSecureContextOptions(),
) {
  const options = { ...credentials._getConstructorOptions(), ...context };
  return { ...options, minVersion: options.minVersion === 'TLSv1.3' ? 'TLSv1.3' : minTlsVersion() };
}

/** Only while `server` listens: one that never does would watch for ever. */
function followRenewals(server: TlsServer, credentials: ServerCredentials): void {
  let inUse = credentials._getSecureContextOptions();
  let problem: string | undefined;
  const renew = (context: SecureContextOptions | null): void => {
    if (context === inUse) return; // Both null: not read yet, or only a part of it.
    try {
      if (context === null) throw new Error('they cannot be read');
      server.setSecureContext(contextOf(credentials, context));
      inUse = context;
      problem = undefined;
    } catch (error) {
      const { message } = error as Error;
      // Watched files are read again and again; whoever reads the log need not.
      if (message !== problem) tellOperator(message, inUse !== null);
      problem = message;
    }
  };
  server.on('listening', () => {
    credentials._addWatcher(renew);
    const latest = credentials._getSecureContextOptions();
    if (latest !== null) renew(latest);
  });
  server.on('close', () => credentials._removeWatcher(renew));
  server.prependListener('connection', (socket: Socket) => {
    if (inUse !== null) return;
    socket.destroy();
    server.emit('tlsClientError', new Error('there is no certificate yet'), socket as TLSSocket);
  });
}

function tellOperator(problem: string, hasOthers: boolean): void {
  const consequence = hasOthers ? 'those of before stay in use' : 'connections are refused';
  experimental.log(
    logVerbosity.ERROR,
    `the TLS certificates of this server cannot be used, ${consequence}: ${problem}`,
  );
}

/** As grpc-js: Node only refuses clients that choose another protocol, not those that choose none. */
function refuseWithoutH2(socket: TLSSocket): void {
  if (socket.alpnProtocol === 'h2') return;
  // Of an error that nobody listens to, Node itself takes care.
  socket.destroy(new Error('the client did not choose the protocol "h2" by ALPN'));
}
