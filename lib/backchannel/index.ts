export { ClientConn, type ClientConstructor, type StubFactory } from './client-conn.js';
export { ClientHandshaker, type ClientHandshakerOptions } from './client-handshaker.js';
export {
  BackchannelError,
  HandshakeError,
  NonMultiplexedConnectionError,
  UnknownPeerError,
  type BackchannelErrorCode,
} from './errors.js';
export { BACKCHANNEL_MAGIC } from './magic.js';
export {
  getBackchannel,
  getPeerId,
  hasBackchannel,
  PeerConnection,
  withId,
} from './peer-connection.js';
export { Registry, type PeerId } from './registry.js';
export { serveConnections, type ServerFactory } from './server-factory.js';
export { ServerHandshaker, type ServerHandshakerOptions } from './server-handshaker.js';
export {
  BACKCHANNEL_YAMUX_CONFIG,
  yamuxSessionFactory,
  type MultiplexSession,
  type SessionFactory,
} from './session-factory.js';
