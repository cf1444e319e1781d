import type { Duplex } from 'node:stream';
import type { CallCredentials } from '@grpc/grpc-js';
import type { ConnectionInfo } from '../../connection-info.js';

/** An established connection that can carry HTTP/2. */
export interface Connected {
  stream: Duplex;
  /** Information about the connection, which its calls report as their peer. */
  info: ConnectionInfo | undefined;
  /** Whether the connection is encrypted; determines the scheme of its calls. */
  secure: boolean;
}

/** Source of the connections of a channel. */
export interface Connector {
  /**
   * Makes one connection.
   *
   * @param signal - aborts the attempt; sockets opened by then are closed. The caller closes a connection
   *   that is established nevertheless.
   * @throws Error (as a rejection) if it fails.
   */
  connect(signal: AbortSignal): Promise<Connected>;
  /** Combined with the credentials of each call; undefined if there are none. */
  readonly callCredentials: CallCredentials | undefined;
  destroy(): void;
}
