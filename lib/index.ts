/**
 * gRPC in both directions over the one connection that a client opened, for NestJS. Without Nest:
 * `nestjs-backchannel/core`.
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

// The backchannel: peers, and what the providers and decorators of this package give
export {
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
  ServerHandshaker,
  UnknownPeerError,
} from './backchannel/index.js';
export type {
  AuthorizePeer,
  BackchannelErrorCode,
  ClientConstructor,
  Departure,
  PeerCandidate,
  PeerCloseOptions,
  PeerEvent,
  PeerIdentity,
  SessionFactory,
  StubFactory,
  WaitForPeerOptions,
} from './backchannel/index.js';

// Connections of calls, credentials, and types of options
export {
  ConnectionInfo,
  connectionOf,
  watchChannelCredentials,
  watchServerCredentials,
} from './grpc/index.js';
export type {
  CallLike,
  EngineName,
  GrpcEngine,
  OpenedConnection,
  WatchChannelCredentialsOptions,
  WatchServerCredentialsOptions,
} from './grpc/index.js';
export { ListenMux, ListenMuxError } from './listenmux/index.js';
export type { Handshaker, ListenMuxErrorCode, MuxConnection } from './listenmux/index.js';
export type { YamuxConfig } from './yamux/index.js';
