import type { Departure, Peer } from './peer.js';

/** An arrival or departure of a peer of a registry. */
export type PeerEvent =
  | { readonly type: 'connected'; readonly peer: Peer }
  | { readonly type: 'disconnected'; readonly peer: Peer; readonly departure: Departure };
