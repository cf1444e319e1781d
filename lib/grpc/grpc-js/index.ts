import { Server } from '@grpc/grpc-js';
import type { GrpcEngine } from '../grpc-engine.js';
import { inCallScope } from './context-server-call.js';
import { createDialChannel } from './dial-channel.js';
import { GrpcJsServer } from './grpc-js-server.js';
import { createStreamChannel } from './stream-channel.js';

export { GrpcJsServer } from './grpc-js-server.js';
export { UpgradeCredentials } from './upgrade-credentials.js';

/** The engine of grpc-js and node:http2. */
export const grpcJsEngine: GrpcEngine = {
  name: 'grpc-js',
  createServer: (options) =>
    new GrpcJsServer(
      new Server({ ...options, interceptors: inCallScope(options?.interceptors ?? []) }),
      options?.['grpc.max_concurrent_streams'],
    ),
  createStreamChannel,
  createDialChannel,
};
