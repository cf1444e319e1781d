import type { Duplex } from 'node:stream';
import type { ConnectionInfo } from '../../grpc/index.js';
import type { MuxConnection } from '../../listenmux/index.js';

/** Receives the connections of a `ListenMux`. */
export interface ConnectionHandler {
  onConnection(connection: MuxConnection<ConnectionInfo>): void;
  onHandshakeError(error: Error, socket: Duplex): void;
}

/**
 * Passes the connections of an injectable `ListenMux`, which exists before its server does, to the handler
 * of the server.
 */
export class ConnectionDispatcher implements ConnectionHandler {
  /** Undefined until the server is created. */
  handler: ConnectionHandler | undefined;

  /** @throws Error if there is no handler: the `ListenMux` then closes the connection. */
  onConnection(connection: MuxConnection<ConnectionInfo>): void {
    if (this.handler === undefined) throw new Error('no server serves the connections yet');
    this.handler.onConnection(connection);
  }

  onHandshakeError(error: Error, socket: Duplex): void {
    this.handler?.onHandshakeError(error, socket);
  }
}
