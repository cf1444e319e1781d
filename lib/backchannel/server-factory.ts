import type { Server } from '@grpc/grpc-js';
import { GrpcJsServer, type ConnectionInfo, type ConnectionServer } from '../grpc/index.js';
import type { MuxConnection } from '../listenmux/index.js';
import { hasMethods, like, verifyArgument } from '../options/index.js';
import { PeerConnectionInfo } from './peer-connection.js';
import { refuseOtherProtocols } from './refuse-other-protocols.js';

/**
 * Creates the server of one multiplexed connection, with the services that the dialing side serves to the
 * other end. Called once per connection; the server is stopped with it. The result is a grpc-js `Server`
 * with its services and without a port, or a server of an engine. Go: `backchannel.ServerFactory`.
 */
export type ServerFactory = () => Server | ConnectionServer;

/**
 * Returns an `onConnection` callback for a `ListenMux` that serves each connection with `server`. The
 * callback throws a `ListenMuxError` `ERR_LISTENMUX_NOT_GRPC` for a plain connection that begins as no HTTP/2
 * does, such as TLS or HTTP/1.
 *
 * @throws OptionError if `server` is not a server.
 */
export function serveConnections(
  server: Server | ConnectionServer,
): (connection: MuxConnection<ConnectionInfo>) => void {
  verifyArgument('serveConnections', 'first argument', SERVER_RULE, server);
  const connectionServer = toConnectionServer(server);
  return ({ stream, context }) => {
    if (context === undefined) refuseOtherProtocols(stream);
    const served = connectionServer.serve(stream, context);
    if (context instanceof PeerConnectionInfo) context.servedBy(served);
  };
}

/** Recognized by its methods: a process may load more than one copy of grpc-js. */
const SERVER_RULE = like(
  'a Server of grpc-js, or one of engine.createServer()',
  (value) => hasMethods(value, ['serve']) || hasMethods(value, ['addService', 'tryShutdown']),
);

/** @internal @throws OptionError if a server factory returned something else than a server. */
export function verifiedServer(server: Server | ConnectionServer): Server | ConnectionServer {
  verifyArgument('ClientHandshaker', 'result of its server factory', SERVER_RULE, server);
  return server;
}

/** @internal Returns `server` as a server of an engine. */
export function toConnectionServer(server: Server | ConnectionServer): ConnectionServer {
  return 'serve' in server ? server : new GrpcJsServer(server);
}
