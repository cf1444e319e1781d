export {
  AUTHORIZE_PEER_RULE,
  type AuthorizePeer,
  type PeerCandidate,
  type PeerIdentity,
} from './authorize-peer.js';
export { ClientConn, type ClientConstructor, type StubFactory } from './client-conn.js';
export { ClientHandshaker, type ClientHandshakerOptions } from './client-handshaker.js';
export {
  AuthorizationFault,
  BackchannelError,
  HandshakeError,
  NoClientError,
  NoPeerError,
  NonMultiplexedConnectionError,
  NotConnectedError,
  PeerRefusedError,
  UnknownPeerError,
  type BackchannelErrorCode,
  type RefusalAdvice,
} from './errors.js';
export { DEFAULT_DRAIN_MS, DRAIN_MS_RULE, DrainTime } from './drain-time.js';
export { BACKCHANNEL_MAGIC } from './magic.js';
export {
  getBackchannel,
  getPeer,
  getPeerId,
  hasBackchannel,
  PeerConnectionInfo,
  withId,
} from './peer-connection.js';
export type { Departure } from './departure.js';
export { Peer, type PeerCloseOptions, type PeerId, type PeerLink } from './peer.js';
export type { PeerEvent } from './peer-event.js';
export { Registry, type PeerRegistration } from './registry.js';
export { serveConnections, type ServerFactory } from './server-factory.js';
export {
  isServiceToken,
  nameOfService,
  SERVICE_RULE,
  serviceOf,
  type ServiceReference,
  type ServiceToken,
} from './service-token.js';
export { ServerHandshaker, type ServerHandshakerOptions } from './server-handshaker.js';
export { waitForStreamEnd } from './stream-end.js';
export {
  BACKCHANNEL_YAMUX_CONFIG,
  SESSION_FACTORY_RULE,
  yamuxSessionFactory,
  type MultiplexSession,
  type SessionFactory,
} from './session-factory.js';
export type { WaitForPeerOptions } from './wait-for-peer.js';
