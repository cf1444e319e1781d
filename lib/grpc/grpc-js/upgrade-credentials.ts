import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  ChannelCredentials,
  type CallCredentials,
  type ChannelOptions,
  type experimental,
} from '@grpc/grpc-js';
import type { Upgrade } from '../grpc-engine.js';
import { createSecureConnector } from '../secure-connector.js';
import { refuseOldTls } from '../tls-version.js';
import { failAsConnection } from './connection-error.js';
import { endWithPeer } from './end-with-peer.js';
import { splitFirstFrame } from './split-first-frame.js';

/**
 * Credentials that pass the connections of `inner`, after TLS, through an `Upgrade`. Connections with a TLS
 * version below 1.2 fail. Go: a `credentials.TransportCredentials` that wraps another.
 */
export class UpgradeCredentials extends ChannelCredentials {
  readonly #inner: ChannelCredentials;
  readonly #upgrade: Upgrade;

  constructor(inner: ChannelCredentials, upgrade: Upgrade) {
    super();
    this.#inner = inner;
    this.#upgrade = upgrade;
  }

  override compose(callCredentials: CallCredentials): ChannelCredentials {
    return new UpgradeCredentials(this.#inner.compose(callCredentials), this.#upgrade);
  }

  override _isSecure(): boolean {
    return this.#inner._isSecure();
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    target: experimental.GrpcUri,
    options: ChannelOptions,
    callCredentials?: CallCredentials,
  ): experimental.SecureConnector {
    const connector = createSecureConnector(this.#inner, target, options, callCredentials);
    const upgrade = this.#upgrade;
    return {
      async connect(socket) {
        const { socket: secured, secure } = await connector.connect(socket);
        // Between two owners the socket has no other listener; an error must not end the process.
        secured.on('error', () => {});
        refuseOldTls(secured);
        const stream = endWithPeer(splitFirstFrame(failAsConnection(await upgrade(secured))));
        // grpc-js only passes it to node:http2, which accepts any Duplex.
        return { socket: stream as Duplex as Socket, secure };
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  }
}
