import type { Server } from '@grpc/grpc-js';
import { GrpcJsServer, type ConnectionInfo, type ConnectionServer } from '../grpc/index.js';
import type { MuxConnection } from '../listenmux/index.js';
import { PeerConnectionInfo } from './peer-connection.js';

/**
 * Makes the server of one multiplexed connection: what the dialing side serves to the other end.
 * Called once per connection; the server is stopped with it. Either a grpc-js `Server` with its
 * services added and not bound to a port, or a server of an engine. Go: `backchannel.ServerFactory`.
 */
export type ServerFactory = () => Server | ConnectionServer;

/** Returns the `onConnection` of a `ListenMux` whose connections `server` serves. */
export function serveConnections(
  server: Server | ConnectionServer,
): (connection: MuxConnection<ConnectionInfo>) => void {
  const connectionServer = toConnectionServer(server);
  return ({ stream, context }) => {
    const served = connectionServer.serve(stream, context);
    if (context instanceof PeerConnectionInfo) context.servedBy(served);
  };
}

/** @internal */
export function toConnectionServer(server: Server | ConnectionServer): ConnectionServer {
  return 'serve' in server ? server : new GrpcJsServer(server);
}
