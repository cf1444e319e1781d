import type { ConnectionInfo } from '../../grpc/index.js';

/** The clients that made the connections. Untyped, because clients import this file. */
const clients = new WeakMap<ConnectionInfo, object>();

/** Makes `clientOf(connection)` return `client`. */
export function setClientOf(connection: ConnectionInfo, client: object): void {
  clients.set(connection, client);
}

/** Returns the client that made a connection; undefined for connections of the listening side. */
export function clientOf(connection: ConnectionInfo): object | undefined {
  return clients.get(connection);
}
