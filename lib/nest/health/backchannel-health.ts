import type { ConnectionState } from '../dialing/connection-state.js';

/** What must be true for the backchannel to be healthy, besides a listening side that listens. */
export interface BackchannelHealthOptions {
  /** Peers that must be connected. Default 0. */
  minPeers?: number;
  /**
   * Names of the clients that must be connected. Default: all but those that are `lazy`; `[]` is none.
   */
  clients?: string[];
}

/** A listening side. */
export interface ListenerHealth {
  /** Where it listens, `host:port` or a path; null while it does not. */
  readonly address: string | null;
  /** Number of peers. */
  readonly peers: number;
}

/** A client of the dialing side. */
export interface ClientHealth {
  /** What it is registered as. */
  readonly name: string;
  /** What its connection is doing. */
  readonly state: ConnectionState['state'];
  /** Why there is no connection, if that is known. */
  readonly error?: string;
}

/** How the backchannel of an application is; plain data, to be sent as JSON. */
export interface BackchannelHealth {
  /** Whether all is as it must be. */
  readonly status: 'up' | 'down';
  /** Why it is down. */
  readonly message?: string;
  /** One for each `forRoot`. */
  readonly listeners: ListenerHealth[];
  /** One for each `registerClient`. */
  readonly clients: ClientHealth[];
}

/** A health indicator's result, as @nestjs/terminus has them. */
export type BackchannelHealthResult<Key extends string> = Record<Key, BackchannelHealth>;
