/**
 * gRPC in both directions over the one connection that a client opened: for NestJS, and for plain
 * grpc-js.
 *
 * @module nestjs-backchannel
 */

// NestJS
export {
  Backchannel,
  BackchannelClient,
  BackchannelHealthIndicator,
  BackchannelModule,
  BackchannelServer,
  connectBackchannel,
  getBackchannelClientToken,
  getClientHandshakerToken,
  InjectBackchannelClient,
  BACKCHANNEL_CARRIER,
  ListenMuxServer,
  PEER_AUTHORIZER,
  PeerId,
  tcpCarrier,
} from './nest/index.js';
export type {
  BackchannelCarrier,
  BackchannelClientAsyncRegistration,
  BackchannelClientOptions,
  BackchannelClientOptionsFactory,
  BackchannelClientParts,
  BackchannelClientRegistration,
  BackchannelHealth,
  BackchannelHealthOptions,
  BackchannelHealthResult,
  BackchannelModuleExtras,
  BackchannelModuleOptions,
  BackchannelServicesOptions,
  CarriedStream,
  CarrierDialOptions,
  CarrierListener,
  CarrierListenOptions,
  ConnectionAcceptor,
  ClientHealth,
  ConnectionEnd,
  ConnectionOptions,
  ConnectionState,
  GrpcHealthImplementation,
  ListenerHealth,
  ListenMuxServerOptions,
  ListenMuxServerParts,
  PeerAuthorizer,
  PeerOption,
  BackchannelOption,
  ServiceSelection,
  ServiceHost,
  StandardServicesOptions,
  StockGrpcOptions,
  StubOption,
} from './nest/index.js';

// Options
export { OptionError, type OptionErrorCode } from './options/index.js';

// The backchannel, with plain grpc-js too
export {
  BACKCHANNEL_MAGIC,
  BACKCHANNEL_YAMUX_CONFIG,
  BackchannelError,
  ClientConn,
  ClientHandshaker,
  getBackchannel,
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
  PeerIdentity,
  PeerLink,
  PeerRegistration,
  ServerFactory,
  ServerHandshakerOptions,
  SessionFactory,
  StubFactory,
  WaitForPeerOptions,
} from './backchannel/index.js';

// gRPC on streams
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
  Upgrade,
  WatchChannelCredentialsOptions,
  WatchServerCredentialsOptions,
} from './grpc/index.js';

// Many kinds of client on one listener
export { ListenMux, ListenMuxError, MAGIC_LENGTH } from './listenmux/index.js';
export type {
  Handshaker,
  ListenMuxErrorCode,
  ListenMuxLimitOptions,
  ListenMuxLimits,
  ListenMuxOptions,
  MuxConnection,
} from './listenmux/index.js';

// The multiplexer
export {
  DEFAULT_YAMUX_CONFIG,
  GoAwayCode,
  verifyYamuxConfig,
  YamuxError,
  YamuxSession,
  YamuxStream,
} from './yamux/index.js';
export type { YamuxConfig, YamuxErrorCode, YamuxRole } from './yamux/index.js';
