/**
 * Transports for clients of Connect (`@connectrpc/connect` 2), in both directions: calls go over the
 * connection of the backchannel, messages are those of protobuf-es.
 *
 * @module nestjs-backchannel/connect
 */

export { createHubTransport, createPeerTransport, type HubClient } from './create-transport.js';
export type { ConnectTransportOptions } from './transport-options.js';
