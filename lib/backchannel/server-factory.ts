import type { Server } from '@grpc/grpc-js';
import { GrpcJsServer, type ConnectionInfo, type ConnectionServer } from '../grpc/index.js';
import type { MuxConnection } from '../listenmux/index.js';
import { PeerConnectionInfo } from './peer-connection.js';

/**
 * Creates the server of one multiplexed connection, with the services that the dialing side serves to the
 * other end. Called once per connection; the server is stopped with it. The result is a grpc-js `Server`
 * with its services and without a port, or a server of an engine. Go: `backchannel.ServerFactory`.
 */
export type ServerFactory = () => Server | ConnectionServer;

/** Returns an `onConnection` callback for a `ListenMux` that serves each connection with `server`. */
export function serveConnections(
  server: Server | ConnectionServer,
): (connection: MuxConnection<ConnectionInfo>) => void {
  const connectionServer = toConnectionServer(server);
  return ({ stream, context }) => {
    const served = connectionServer.serve(stream, context);
    if (context instanceof PeerConnectionInfo) context.servedBy(served);
  };
}

/** @internal Returns `server` as a server of an engine. */
export function toConnectionServer(server: Server | ConnectionServer): ConnectionServer {
  return 'serve' in server ? server : new GrpcJsServer(server);
}
