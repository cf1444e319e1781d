import { experimental, type ChannelOptions, type ServerOptions } from '@grpc/grpc-js';
import type { GrpcEngine } from '../grpc-engine.js';
import { grpcJsEngine } from '../grpc-js/index.js';
import { BuiltInChannel } from './client/channel.js';
import { DialConnector } from './client/dial-connector.js';
import { StreamConnector } from './client/stream-connector.js';
import { parseTarget } from './client/target.js';
import { BuiltInServer } from './server/built-in-server.js';

export { PROXY_OPTION, PROXY_RULE } from './client/proxy.js';
export { BuiltInServer } from './server/built-in-server.js';

/**
 * The engine on this package's own HTTP/2. grpc-js handles targets that need a resolver, channels with a
 * service config, and servers that record call metrics (`channelLeftToGrpcJs`, `serverLeftToGrpcJs`).
 */
export const builtInEngine: GrpcEngine = {
  name: 'built-in',
  createServer: (options = {}) =>
    serverLeftToGrpcJs(options) === undefined
      ? new BuiltInServer(options)
      : grpcJsEngine.createServer(options),
  createStreamChannel: (open, options = {}, info) =>
    needsGrpcJsChannel(options) === undefined
      ? new BuiltInChannel('backchannel', 'backchannel', new StreamConnector(open, info), options)
      : grpcJsEngine.createStreamChannel(open, options),
  createDialChannel: (name, credentials, upgrade, options = {}) => {
    const target = needsGrpcJsChannel(options) === undefined ? parseTarget(name) : undefined;
    if (target === undefined) {
      return grpcJsEngine.createDialChannel(name, credentials, upgrade, options);
    }
    const connector = new DialConnector(target, credentials, upgrade, options);
    return new BuiltInChannel(
      experimental.uriToString(target.uri),
      target.authority,
      connector,
      options,
    );
  },
};

/**
 * Returns why the built-in engine leaves a channel to grpc-js, for logs; undefined if it does not.
 *
 * @param target - target of a dialed channel; undefined for a channel over streams.
 */
export function channelLeftToGrpcJs(options: ChannelOptions, target?: string): string | undefined {
  const why = needsGrpcJsChannel(options);
  if (why !== undefined || target === undefined || parseTarget(target) !== undefined) return why;
  return `the target ${JSON.stringify(target)} needs a resolver`;
}

/** Returns why the built-in engine leaves a server to grpc-js, for logs; undefined if it does not. */
export function serverLeftToGrpcJs(options: ServerOptions): string | undefined {
  const recordsMetrics = options['grpc.server_call_metric_recording'];
  return recordsMetrics ? '"grpc.server_call_metric_recording" is set' : undefined;
}

function needsGrpcJsChannel(options: ChannelOptions): string | undefined {
  return options['grpc.service_config'] === undefined ? undefined : '"grpc.service_config" is set';
}
