import type { Departure } from './departure.js';
import type { Peer } from './peer.js';

/** An arrival or a departure of a peer. */
export type PeerEvent =
  | { readonly type: 'connected'; readonly peer: Peer }
  | { readonly type: 'disconnected'; readonly peer: Peer; readonly departure: Departure };
