import type { ConnectionInfo } from '../../connection-info.js';
import type { OpenStream } from '../../grpc-engine.js';
import { toOpened } from '../../opened-connection.js';
import type { Connected, Connector } from './connector.js';

/** Source of connections that are streams from `open`. */
export class StreamConnector implements Connector {
  readonly callCredentials = undefined;
  readonly #open: OpenStream;
  readonly #info: ConnectionInfo | undefined;

  constructor(open: OpenStream, info: ConnectionInfo | undefined) {
    this.#open = open;
    this.#info = info;
  }

  async connect(signal: AbortSignal): Promise<Connected> {
    const { stream, info = this.#info, secure = false } = toOpened(await this.#open(signal));
    return { stream, info, secure };
  }

  destroy(): void {}
}
