export { BackchannelClient } from './dialing/backchannel-client.js';
export { BackchannelModule } from './module/backchannel.module.js';
export type { BackchannelModuleExtras } from './module/backchannel.module-definition.js';
export { BackchannelServer } from './dialing/backchannel-server.js';
export type {
  BackchannelClientAsyncRegistration,
  BackchannelClientOptionsFactory,
  BackchannelClientRegistration,
} from './module/client-registration.js';
export type { ConnectionEnd } from './dialing/connection-end.js';
export type { ConnectionState } from './dialing/connection-state.js';
export { getBackchannelClient, hasBackchannelClient } from './dialing/called-client.js';
export { connectBackchannel } from './module/connect-backchannel.js';
export { Backchannel } from './decorators/backchannel.decorator.js';
export { InjectBackchannelClient } from './decorators/inject-backchannel-client.decorator.js';
export { CurrentClient } from './decorators/current-client.decorator.js';
export { CurrentPeer } from './decorators/current-peer.decorator.js';
export type { CallParameter } from './decorators/call-parameter.js';
export type {
  HandlerParameter,
  HandlersOf,
  ParameterMistake,
} from './decorators/handler-parameter.js';
export { PeerId } from './decorators/peer-id.decorator.js';
export type { BackchannelOption, PeerOption, StubOption } from './decorators/peer-option.js';
export type {
  BackchannelHealth,
  BackchannelHealthOptions,
  BackchannelHealthResult,
  ClientHealth,
  ListenerHealth,
} from './health/backchannel-health.js';
export { BackchannelHealthIndicator } from './health/backchannel.health-indicator.js';
export type { ServiceHost } from './grpc/service-host.js';
export { ListenMuxServer } from './listening/listen-mux-server.js';
export {
  BACKCHANNEL_CARRIER,
  type BackchannelCarrier,
  type CarriedStream,
  type CarrierDialOptions,
  type CarrierListener,
  type CarrierListenOptions,
  type ConnectionAcceptor,
} from './carrying/carrier.js';
export { tcpCarrier } from './carrying/tcp-carrier.js';
export type { BackchannelClientParts } from './dialing/dialing-parts.js';
export type { ListenMuxServerParts } from './listening/listening-parts.js';
export { PEER_AUTHORIZER, type PeerAuthorizer } from './listening/peer-authorizer.js';
export type {
  BackchannelClientOptions,
  BackchannelModuleOptions,
  BackchannelServicesOptions,
  ConnectionOptions,
  ListenMuxServerOptions,
  ServiceSelection,
  StockGrpcOptions,
} from './options/options.js';
export type {
  GrpcHealthImplementation,
  StandardServicesOptions,
} from './options/standard-services-options.js';
export { getBackchannelClientToken, getClientHandshakerToken } from './decorators/tokens.js';
