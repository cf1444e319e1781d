import { isIP } from 'node:net';
import type { ConnectionOptions, SecureContext } from 'node:tls';
import {
  ChannelCredentials,
  type CallCredentials,
  type ChannelOptions,
  type experimental,
  type VerifyOptions,
} from '@grpc/grpc-js';
import type { SecureConnector } from './grpc-types.js';

/** Connector of `createSsl` and `createFromSecureContext`, with fixed options for `tls.connect`. */
interface FixedConnector extends SecureConnector {
  readonly connectionOptions: ConnectionOptions;
}

/** Connector of credentials with certificate providers, which creates these options for each connection. */
interface RenewingConnector extends SecureConnector {
  readonly parent: {
    readonly verifyOptions: VerifyOptions;
    /** Null if the certificates cannot be used. */
    getLatestSecureContext(): SecureContext | null;
  };
}

/**
 * Creates the connector of `credentials` for `target`, and makes it work for servers that are dialed by IP
 * address.
 *
 * grpc-js sends the host of the target as the server name of TLS (SNI), even if it is an IP address. RFC
 * 6066 forbids that: Node 26 throws, older versions warn (DEP0123). This connector sends no server name for
 * an address. The certificate must still contain the address, as Node verifies it against the host.
 *
 * Credentials that are not from grpc-js keep their own connector.
 */
export function createSecureConnector(
  credentials: ChannelCredentials,
  target: experimental.GrpcUri,
  options: ChannelOptions,
  callCredentials?: CallCredentials,
): SecureConnector {
  const connector = credentials._createSecureConnector(target, options, callCredentials);
  if (isFixed(connector)) {
    omitAddress(connector.connectionOptions);
    return connector;
  }
  if (!isRenewing(connector)) return connector;
  return {
    connect(socket) {
      const { parent } = connector;
      const context = parent.getLatestSecureContext();
      if (context === null) return connector.connect(socket); // Fails with the reason.
      const current = ChannelCredentials.createFromSecureContext(context, parent.verifyOptions);
      return createSecureConnector(current, target, options).connect(socket);
    },
    waitForReady: () => connector.waitForReady(),
    getCallCredentials: () => connector.getCallCredentials(),
    destroy: () => connector.destroy(),
  };
}

function omitAddress(options: ConnectionOptions): void {
  // An empty name means that none is sent. Node then verifies the certificate against `host`: the same
  // address. With `grpc.ssl_target_name_override`, `host` is not used.
  if (isIP(options.servername ?? '') !== 0) options.servername = '';
}

function isFixed(connector: Partial<FixedConnector>): connector is FixedConnector {
  return typeof connector.connectionOptions === 'object';
}

function isRenewing(connector: Partial<RenewingConnector>): connector is RenewingConnector {
  return typeof connector.parent?.getLatestSecureContext === 'function';
}
