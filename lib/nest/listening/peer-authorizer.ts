import type { AuthorizePeer } from '../../backchannel/index.js';

/**
 * An injectable class that decides which connections become peers: the option `authorizer` of
 * `BackchannelModule.forRoot`. Throws `PeerRefusedError` to refuse one, see `AuthorizePeer`.
 */
export interface PeerAuthorizer {
  /** See `AuthorizePeer`. */
  authorizePeer: AuthorizePeer;
}

/** Injection token of the `authorizer` of `forRoot`, or null; for `overrideProvider` in tests. */
export const PEER_AUTHORIZER = 'BACKCHANNEL_PEER_AUTHORIZER';
