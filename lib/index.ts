/**
 * gRPC in both directions over one connection, which the client opens, for NestJS. The entry point without
 * Nest is `nestjs-backchannel/core`.
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
  CurrentClient,
  CurrentPeer,
  getBackchannelClient,
  getBackchannelClientToken,
  getClientHandshakerToken,
  hasBackchannelClient,
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
  CallParameter,
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
  HandlerParameter,
  HandlersOf,
  ListenerHealth,
  ListenMuxServerOptions,
  ListenMuxServerParts,
  ParameterMistake,
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

// Backchannel: peers, and the classes that providers and decorators of this package return
export {
  BackchannelError,
  ClientConn,
  ClientHandshaker,
  getBackchannel,
  getPeer,
  getPeerId,
  HandshakeError,
  hasBackchannel,
  NoClientError,
  NonMultiplexedConnectionError,
  NoPeerError,
  NotConnectedError,
  Peer,
  PeerConnectionInfo,
  PeerRefusedError,
  Registry,
  ServerHandshaker,
  serviceOf,
  UnknownPeerError,
  yamuxSessionFactory,
} from './backchannel/index.js';
export type {
  AuthorizePeer,
  BackchannelErrorCode,
  ClientConstructor,
  Departure,
  MultiplexSession,
  PeerCandidate,
  PeerCloseOptions,
  PeerEvent,
  PeerIdentity,
  RefusalAdvice,
  ServiceReference,
  ServiceToken,
  SessionFactory,
  StubFactory,
  WaitForPeerOptions,
} from './backchannel/index.js';

// Connections of calls, credentials, and types for options
export {
  builtInEngine,
  ConnectionInfo,
  connectionOf,
  grpcJsEngine,
  watchChannelCredentials,
  watchServerCredentials,
} from './grpc/index.js';
export type {
  CallLike,
  EngineName,
  GrpcEngine,
  OpenedConnection,
  UnknownMethodHandler,
  WatchChannelCredentialsOptions,
  WatchServerCredentialsOptions,
} from './grpc/index.js';
export { ListenMux, ListenMuxError } from './listenmux/index.js';
export type { Handshaker, ListenMuxErrorCode, MuxConnection } from './listenmux/index.js';
export type { YamuxConfig } from './yamux/index.js';
