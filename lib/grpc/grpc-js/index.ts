import { Server } from '@grpc/grpc-js';
import type { GrpcEngine } from '../grpc-engine.js';
import { GrpcJsChannel } from './grpc-js-channel.js';
import { GrpcJsServer } from './grpc-js-server.js';
import { createStreamChannel } from './stream-channel.js';
import { UpgradeCredentials } from './upgrade-credentials.js';

export { GrpcJsServer } from './grpc-js-server.js';
export { UpgradeCredentials } from './upgrade-credentials.js';

/** grpc-js on node:http2. */
export const grpcJsEngine: GrpcEngine = {
  name: 'grpc-js',
  createServer: (options) => new GrpcJsServer(new Server(options)),
  createStreamChannel,
  createDialChannel: (target, credentials, upgrade, options = {}) =>
    new GrpcJsChannel(target, new UpgradeCredentials(credentials, upgrade), options),
};
