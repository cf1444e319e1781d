import type { ConnectionState } from '../dialing/connection-state.js';

/** Conditions of a healthy backchannel, in addition to the fixed one: every listening side must listen. */
export interface BackchannelHealthOptions {
  /** Minimum number of connected peers, over all listening sides. Default 0. */
  minPeers?: number;
  /**
   * Names of the clients that must be connected; `[]` is none. Default: all clients that are not `lazy`.
   */
  clients?: string[];
}

/** Health of a listening side. */
export interface ListenerHealth {
  /** The address, `host:port` or a path; null while the side does not listen. */
  readonly address: string | null;
  /** Number of peers. */
  readonly peers: number;
}

/** Health of a client of the dialing side. */
export interface ClientHealth {
  /** The registered name. */
  readonly name: string;
  /** The state of the connection. */
  readonly state: ConnectionState['state'];
  /** The error for which there is no connection, if known. */
  readonly error?: string;
}

/** Health of the backchannel of an application, as plain data for JSON. */
export interface BackchannelHealth {
  /** `up` if all conditions are met. */
  readonly status: 'up' | 'down';
  /** The unmet conditions, if the status is `down`. */
  readonly message?: string;
  /** One for each `forRoot`. */
  readonly listeners: ListenerHealth[];
  /** One for each `registerClient`. */
  readonly clients: ClientHealth[];
}

/** Result of a health indicator in the form of @nestjs/terminus. */
export type BackchannelHealthResult<Key extends string> = Record<Key, BackchannelHealth>;
