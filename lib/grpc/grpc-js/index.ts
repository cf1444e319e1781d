import { Server, type ChannelOptions, type ServerOptions } from '@grpc/grpc-js';
import type { GrpcEngine } from '../grpc-engine.js';
import { verifyConnectionSettings } from '../connection-settings.js';
import { inCallScope } from './context-server-call.js';
import { createDialChannel } from './dial-channel.js';
import { GrpcJsServer } from './grpc-js-server.js';
import { createStreamChannel } from './stream-channel.js';

export { GrpcJsServer } from './grpc-js-server.js';
export { UpgradeCredentials } from './upgrade-credentials.js';

/** The engine of grpc-js and node:http2. */
export const grpcJsEngine: GrpcEngine = {
  name: 'grpc-js',
  createServer: (options = {}) => createServer(options),
  createStreamChannel: (open, options) => {
    verifyWindow(options);
    return createStreamChannel(open, options);
  },
  createDialChannel: (target, credentials, upgrade, options) => {
    verifyWindow(options);
    return createDialChannel(target, credentials, upgrade, options);
  },
};

/**
 * @throws Http2OptionError for a bad `grpc.max_concurrent_streams`. node:http2 would throw an uncaught
 *   error with each connection. Infinity, the default, is valid here but is not passed to node:http2,
 *   which would throw for it too.
 */
function createServer(options: ServerOptions): GrpcJsServer {
  const { 'grpc.max_concurrent_streams': maxCalls = Infinity, interceptors, ...others } = options;
  verifyConnectionSettings({ maxConcurrentStreams: maxCalls });
  const server = new Server({
    ...others,
    ...(maxCalls !== Infinity && { 'grpc.max_concurrent_streams': maxCalls }),
    interceptors: inCallScope(interceptors ?? []),
  });
  return new GrpcJsServer(server, maxCalls);
}

/** @throws Http2OptionError for a bad window, with which no connection could be made. */
function verifyWindow(options: ChannelOptions = {}): void {
  const window = options['grpc-node.flow_control_window'];
  if (window !== undefined) verifyConnectionSettings({ initialWindowSize: window });
}
