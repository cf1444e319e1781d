import { experimental, type ChannelOptions, type ServerOptions } from '@grpc/grpc-js';
import type { DialChannel, GrpcEngine } from '../grpc-engine.js';
import { grpcJsEngine } from '../grpc-js/index.js';
import type { ChannelRouter } from './client/call-router.js';
import { BuiltInChannel } from './client/channel.js';
import { DialConnector } from './client/dial-connector.js';
import { StreamConnector } from './client/stream-connector.js';
import { Subchannel } from './client/subchannel.js';
import { parseTarget } from './client/target.js';
import { BuiltInServer } from './server/built-in-server.js';

export type {
  CallRouter,
  CallTransport,
  ChannelRouter,
  WaitingCall,
} from './client/call-router.js';
export { PROXY_OPTION, PROXY_RULE } from './client/proxy.js';
export { routerOf } from './client/router-of.js';
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
      ? createRoutedChannel(new Subchannel(new StreamConnector(open, info), options), options)
      : grpcJsEngine.createStreamChannel(open, options),
  createDialChannel: (name, credentials, upgrade, options = {}) => {
    const target = needsGrpcJsChannel(options) === undefined ? parseTarget(name) : undefined;
    if (target === undefined) {
      return grpcJsEngine.createDialChannel(name, credentials, upgrade, options);
    }
    const connector = new DialConnector(target, credentials, upgrade, options);
    return new BuiltInChannel(
      {
        name: experimental.uriToString(target.uri),
        authority: target.authority,
        callCredentials: connector.callCredentials,
      },
      new Subchannel(connector, options),
      options,
    );
  },
};

/**
 * Creates a channel whose calls begin on the connections that `router` picks. The channel closes the router.
 *
 * @param options - those of calls, such as message limits; options of connections belong to the router.
 */
export function createRoutedChannel(
  router: ChannelRouter,
  options: ChannelOptions = {},
): DialChannel {
  return new BuiltInChannel({ name: 'backchannel', authority: 'backchannel' }, router, options);
}

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
