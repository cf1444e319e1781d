export { BackchannelClient } from './backchannel-client.js';
export { BackchannelModule } from './backchannel.module.js';
export type { BackchannelModuleExtras } from './backchannel.module-definition.js';
export { BackchannelServer } from './backchannel-server.js';
export type {
  BackchannelClientAsyncRegistration,
  BackchannelClientOptionsFactory,
  BackchannelClientRegistration,
} from './client-registration.js';
export type { ConnectionEnd } from './connection-end.js';
export type { ConnectionState } from './connection-state.js';
export { connectBackchannel } from './connect-backchannel.js';
export { Backchannel } from './decorators/backchannel.decorator.js';
export { InjectBackchannelClient } from './decorators/inject-backchannel-client.decorator.js';
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
export type { GrpcHealthImplementation } from './health/grpc-health.js';
export type { ServiceHost } from './health/service-host.js';
export { ListenMuxServer } from './listen-mux-server.js';
export { BACKCHANNEL_NETWORK, type BackchannelNetwork } from './network.js';
export { PEER_AUTHORIZER, type PeerAuthorizer } from './peer-authorizer.js';
export type {
  BackchannelClientOptions,
  BackchannelModuleOptions,
  BackchannelServicesOptions,
  ConnectionOptions,
  ListenMuxServerOptions,
  ServiceSelection,
  StockGrpcOptions,
} from './options.js';
export type { StandardServicesOptions } from './standard-services.js';
export { getBackchannelClientToken } from './tokens.js';
