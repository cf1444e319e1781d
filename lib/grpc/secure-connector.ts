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

/** Connector of `createSsl` and `createFromSecureContext`, which keeps the options of `tls.connect`. */
interface FixedConnector extends SecureConnector {
  readonly connectionOptions: ConnectionOptions;
}

/** Connector of renewing credentials, which makes these options anew for each connection. */
interface RenewingConnector extends SecureConnector {
  readonly parent: {
    readonly verifyOptions: VerifyOptions;
    /** Null if the files cannot be used. */
    getLatestSecureContext(): SecureContext | null;
  };
}

/**
 * The connector of `credentials` for `target`, which also reaches servers that are dialed by IP address.
 *
 * The credentials of grpc-js send the host of the target as the server name of TLS (SNI), whatever it
 * is. RFC 6066 allows no address there: Node 26 throws, older versions warn (DEP0123). This connector
 * sends no server name for an address. The certificate must name the address all the same: Node verifies
 * it against the host then.
 *
 * Credentials that are not of grpc-js keep their own connector.
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
      if (context === null) return connector.connect(socket); // It says why.
      const current = ChannelCredentials.createFromSecureContext(context, parent.verifyOptions);
      return createSecureConnector(current, target, options).connect(socket);
    },
    waitForReady: () => connector.waitForReady(),
    getCallCredentials: () => connector.getCallCredentials(),
    destroy: () => connector.destroy(),
  };
}

function omitAddress(options: ConnectionOptions): void {
  // An empty name is none. Node falls back to `host` for the certificate, which is the same address,
  // or is not looked at where `grpc.ssl_target_name_override` names another one.
  if (isIP(options.servername ?? '') !== 0) options.servername = '';
}

function isFixed(connector: Partial<FixedConnector>): connector is FixedConnector {
  return typeof connector.connectionOptions === 'object';
}

function isRenewing(connector: Partial<RenewingConnector>): connector is RenewingConnector {
  return typeof connector.parent?.getLatestSecureContext === 'function';
}
