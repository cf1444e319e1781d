export { isAnswered } from './answered-calls.js';
export { BorrowedChannel } from './borrowed-channel.js';
export { ChannelOnDemand } from './channel-on-demand.js';
export { closedByDecision, decisionIn, refusalOf, refusalText } from './closed-by-decision.js';
export { MAX_STAY_AWAY_MS, STAY_AWAY_RULE } from './reconnect-advice.js';
export { obeyPeer } from './obey-peer.js';
export { announceEnd, answerOtherProtocol, ENDING, isAbuse, refuseClient } from './go-away.js';
export {
  bindConnection,
  ConnectionInfo,
  connectionOf,
  type AuthContext,
  type CallLike,
} from './connection-info.js';
export { ENGINE_RULE, engineOf, type EngineName } from './engine-of.js';
export type {
  ConnectionServer,
  DialChannel,
  GoAway,
  GrpcEngine,
  OpenedConnection,
  OpenStream,
  ServedStream,
  StreamServer,
  UnknownMethodHandler,
  Upgrade,
} from './grpc-engine.js';
export { toOpened } from './opened-connection.js';
export {
  builtInEngine,
  BuiltInServer,
  channelLeftToGrpcJs,
  createRoutedChannel,
  PROXY_OPTION,
  PROXY_RULE,
  routerOf,
  serverLeftToGrpcJs,
  type CallRouter,
  type CallTransport,
  type ChannelRouter,
  type WaitingCall,
} from './built-in/index.js';
export { grpcJsEngine, GrpcJsServer, UpgradeCredentials } from './grpc-js/index.js';
export { isUnaryWrapped } from './is-unary-wrapped.js';
export type { Call, CallProblem, CallStatus, ParentCall } from './grpc-types.js';
export { keepConnected } from './keep-connected.js';
export { CHANNEL_CREDENTIALS_RULE, SERVER_CREDENTIALS_RULE } from './credentials-rules.js';
export { createListener } from './listener.js';
export { problemOfTarget } from './problem-of-target.js';
export { isMeasuring, measuringTransformer } from './measured-calls.js';
export { poolRequests, requestSerializer } from './pooled-requests.js';
export { onEndOf, withParent } from './parent-calls.js';
export { TAKES_CALLER_STACKS } from './takes-caller-stacks.js';
export { makeUnaryCall, type UnaryCallback, type UnaryMethod } from './unary-call.js';
export {
  watchChannelCredentials,
  type WatchChannelCredentialsOptions,
} from './watch-channel-credentials.js';
export {
  watchServerCredentials,
  type WatchServerCredentialsOptions,
} from './watch-server-credentials.js';
export { watchConnectivity } from './watch-connectivity.js';
