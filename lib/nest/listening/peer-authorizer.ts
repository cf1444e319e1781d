import type { AuthorizePeer } from '../../backchannel/index.js';

/**
 * An injectable class that decides who becomes a peer: the option `authorizer` of
 * `BackchannelModule.forRoot`. Refuses by throwing `PeerRefusedError`, see `AuthorizePeer`.
 */
export interface PeerAuthorizer {
  /** See `AuthorizePeer`. */
  authorizePeer: AuthorizePeer;
}

/** Under this token `forRoot` provides its `authorizer`, or null; for `overrideProvider` in tests. */
export const PEER_AUTHORIZER = 'BACKCHANNEL_PEER_AUTHORIZER';
