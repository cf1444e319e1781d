import type { Duplex } from 'node:stream';
import { ConnectionInfo } from '../grpc/index.js';

/** A multiplexed connection, seen from the dialing side. */
export class DialedConnectionInfo extends ConnectionInfo {
  readonly #onFailure: (error: Error) => void;

  /** @param onFailure - told why HTTP/2 on one of its streams failed. */
  constructor(socket: Duplex, onFailure: (error: Error) => void) {
    super(socket);
    this.#onFailure = onFailure;
  }

  /** @internal */
  override failed(error: Error): void {
    this.#onFailure(error);
  }
}
