import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import { experimental, logVerbosity, type ServerCredentials } from '@grpc/grpc-js';
import { milliseconds, verifyArgument } from '../options/index.js';
import { SERVER_CREDENTIALS_RULE } from './credentials-rules.js';
import { minTlsVersion } from './tls-version.js';

/**
 * Creates a TLS server, or without credentials a TCP server, for `ListenMux.attach`. The credentials apply
 * as in grpc-js: TLS comes first, version 1.2 or newer, and clients must select `h2` by ALPN.
 *
 * Renewed certificates of the credentials apply to new connections. Before the first certificates are
 * available, connections are closed. If renewed certificates cannot be read or used, the previous ones stay
 * in use, and an error is written to the log of grpc-js.
 *
 * The server reports a refused connection by its event `tlsClientError`, or the socket closes with an
 * error.
 *
 * @param handshakeTimeoutMs - time limit of a TLS handshake, in milliseconds. Default 20000.
 * @throws OptionError for credentials of a dialing side, or a bad time limit.
 */
export function createListener(
  credentials?: ServerCredentials,
  handshakeTimeoutMs = 20_000,
): Server {
  if (credentials !== undefined) {
    verifyArgument('createListener', 'credentials', SERVER_CREDENTIALS_RULE, credentials);
  }
  verifyArgument('createListener', 'time limit', milliseconds(), handshakeTimeoutMs);
  if (credentials === undefined || !credentials._isSecure()) return createNetServer();
  const server = createTlsServer({
    ...contextOf(credentials),
    ALPNProtocols: ['h2'],
    handshakeTimeout: handshakeTimeoutMs,
  });
  followRenewals(server, credentials);
  return server.prependListener('secureConnection', refuseWithoutH2);
}

/** Returns all TLS options, also for a renewal: Node resets missing ones to their defaults. */
function contextOf(
  credentials: ServerCredentials,
  context = credentials._getSecureContextOptions(),
) {
  const options = { ...credentials._getConstructorOptions(), ...context };
  return { ...options, minVersion: options.minVersion === 'TLSv1.3' ? 'TLSv1.3' : minTlsVersion() };
}

/**
 * Watches the credentials while `server` listens. Otherwise a server that never listens would leak a
 * watcher.
 */
function followRenewals(server: TlsServer, credentials: ServerCredentials): void {
  let inUse = credentials._getSecureContextOptions();
  let problem: string | undefined;
  const renew = (context: SecureContextOptions | null): void => {
    if (context === inUse) return; // Both may be null: the files are not read yet, or only some of them.
    try {
      if (context === null) throw new Error('they cannot be read');
      server.setSecureContext(contextOf(credentials, context));
      inUse = context;
      problem = undefined;
    } catch (error) {
      const { message } = error as Error;
      // Watched files are read repeatedly: each problem is logged once.
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

/** Refuses clients without ALPN, as grpc-js does. Node only refuses clients that select another protocol. */
function refuseWithoutH2(socket: TLSSocket): void {
  if (socket.alpnProtocol === 'h2') return;
  // Node handles the error if the socket has no listener for it.
  socket.destroy(new Error('the client did not choose the protocol "h2" by ALPN'));
}
