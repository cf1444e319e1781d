import type { Duplex } from 'node:stream';
import { ConnectionInfo } from '../grpc/index.js';

/** A multiplexed connection of the dialing side. */
export class DialedConnectionInfo extends ConnectionInfo {
  readonly #onFailure: (error: Error) => void;

  /** @param onFailure - called with the error when HTTP/2 on one of the streams fails. */
  constructor(socket: Duplex, onFailure: (error: Error) => void) {
    super(socket);
    this.#onFailure = onFailure;
  }

  /** @internal */
  override failed(error: Error): void {
    this.#onFailure(error);
  }
}
