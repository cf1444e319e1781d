import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  ChannelCredentials,
  type CallCredentials,
  type ChannelOptions,
  type experimental,
} from '@grpc/grpc-js';
import type { Upgrade } from '../grpc-engine.js';
import { explainFailure } from '../explain-failure.js';
import { createSecureConnector } from '../secure-connector.js';
import { refuseOldTls } from '../tls-version.js';
import { failAsConnection, originalOf } from './connection-error.js';
import { endWithPeer } from './end-with-peer.js';
import { splitFirstFrame } from './split-first-frame.js';

/**
 * Credentials that pass the connections of `inner`, after TLS, through an `Upgrade`. Connections with a TLS
 * version below 1.2 fail. Go: a `credentials.TransportCredentials` that wraps another.
 */
export class UpgradeCredentials extends ChannelCredentials {
  readonly #inner: ChannelCredentials;
  readonly #upgrade: Upgrade;
  readonly #onFailure: ((error: Error) => void) | undefined;

  /**
   * @param onFailure - called with the explained error of an attempt that fails after the connection was
   * dialed, and of a connection that fails later: grpc-js does not report them.
   */
  constructor(inner: ChannelCredentials, upgrade: Upgrade, onFailure?: (error: Error) => void) {
    super();
    this.#inner = inner;
    this.#upgrade = upgrade;
    this.#onFailure = onFailure;
  }

  override compose(callCredentials: CallCredentials): ChannelCredentials {
    return new UpgradeCredentials(
      this.#inner.compose(callCredentials),
      this.#upgrade,
      this.#onFailure,
    );
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
    const tell = this.#onFailure;
    return {
      connect: async (socket) => {
        try {
          const { socket: secured, secure } = await connector.connect(socket);
          // Between two owners the socket has no other listener; an error must not end the process.
          secured.on('error', () => {});
          refuseOldTls(secured);
          const stream = await upgrade(secured);
          stream.on('error', (error) => {
            tell?.(explainFailure(originalOf(error), { secure, bytesRead: secured.bytesRead }));
          });
          const whole = endWithPeer(splitFirstFrame(failAsConnection(stream)));
          // grpc-js only passes it to node:http2, which accepts any Duplex.
          return { socket: whole as Duplex as Socket, secure };
        } catch (error) {
          tell?.(explainFailure(error as Error));
          throw error;
        }
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  }
}
