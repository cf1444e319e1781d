/**
 * The backchannel without Nest, for servers, channels and stubs of grpc-js.
 *
 * @module nestjs-backchannel/core
 */

export { OptionError, type OptionErrorCode } from './options/index.js';
export {
  BACKCHANNEL_MAGIC,
  BACKCHANNEL_YAMUX_CONFIG,
  BackchannelError,
  ClientConn,
  ClientHandshaker,
  getBackchannel,
  getPeer,
  getPeerId,
  HandshakeError,
  hasBackchannel,
  NonMultiplexedConnectionError,
  NoPeerError,
  NotConnectedError,
  Peer,
  PeerConnectionInfo,
  PeerRefusedError,
  Registry,
  serveConnections,
  ServerHandshaker,
  serviceOf,
  UnknownPeerError,
  withId,
  yamuxSessionFactory,
} from './backchannel/index.js';
export type {
  AuthorizePeer,
  BackchannelErrorCode,
  ClientConstructor,
  ClientHandshakerOptions,
  Departure,
  MultiplexSession,
  PeerCandidate,
  PeerCloseOptions,
  PeerEvent,
  PeerId,
  PeerIdentity,
  PeerLink,
  PeerRegistration,
  RefusalAdvice,
  ServerFactory,
  ServerHandshakerOptions,
  ServiceReference,
  ServiceToken,
  SessionFactory,
  StubFactory,
  WaitForPeerOptions,
} from './backchannel/index.js';
export {
  builtInEngine,
  BuiltInServer,
  ConnectionInfo,
  connectionOf,
  createListener,
  engineOf,
  grpcJsEngine,
  GrpcJsServer,
  keepConnected,
  watchChannelCredentials,
  watchServerCredentials,
} from './grpc/index.js';
export type {
  AuthContext,
  CallLike,
  ConnectionServer,
  DialChannel,
  EngineName,
  GoAway,
  GrpcEngine,
  OpenedConnection,
  OpenStream,
  ServedStream,
  StreamServer,
  UnknownMethodHandler,
  Upgrade,
  WatchChannelCredentialsOptions,
  WatchServerCredentialsOptions,
} from './grpc/index.js';
export { ListenMux, ListenMuxError, MAGIC_LENGTH } from './listenmux/index.js';
export type {
  Handshaker,
  ListenMuxErrorCode,
  ListenMuxLimitOptions,
  ListenMuxLimits,
  ListenMuxOptions,
  MuxConnection,
} from './listenmux/index.js';
