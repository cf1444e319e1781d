export {
  bindConnection,
  ConnectionInfo,
  connectionOf,
  type AuthContext,
  type CallLike,
} from './connection-info.js';
export type {
  ConnectionServer,
  GrpcEngine,
  OpenStream,
  StreamServer,
  Upgrade,
} from './grpc-engine.js';
export { grpcJsEngine, GrpcJsServer, UpgradeCredentials } from './grpc-js/index.js';
export { keepConnected } from './keep-connected.js';
export { createListener } from './listener.js';
export { within } from './within.js';
