import type { Duplex } from 'node:stream';
import type { CallCredentials } from '@grpc/grpc-js';
import type { ConnectionInfo } from '../../connection-info.js';

/** A connection that HTTP/2 may be spoken on. */
export interface Connected {
  stream: Duplex;
  /** Whose connection it is: what calls answer when they are asked for their peer. */
  info: ConnectionInfo | undefined;
  /** Whether it is encrypted: the scheme of its calls. */
  secure: boolean;
}

/** What a channel gets its connections from. */
export interface Connector {
  /**
   * Connects once.
   *
   * @param signal - gives the attempt up; what is opened by then is closed. What comes of it none the
   * less is closed by who aborted it.
   * @throws Error (as a rejection) when it cannot.
   */
  connect(signal: AbortSignal): Promise<Connected>;
  /** Added to those of each call; undefined if there are none. */
  readonly callCredentials: CallCredentials | undefined;
  destroy(): void;
}
