import { experimental, type ChannelOptions } from '@grpc/grpc-js';
import type { GrpcEngine } from '../grpc-engine.js';
import { grpcJsEngine } from '../grpc-js/index.js';
import { BuiltInChannel } from './client/channel.js';
import { DialConnector } from './client/dial-connector.js';
import { StreamConnector } from './client/stream-connector.js';
import { parseTarget } from './client/target.js';
import { BuiltInServer } from './server/built-in-server.js';

export { BuiltInServer } from './server/built-in-server.js';

/**
 * gRPC on this package's own HTTP/2. What it does not know it leaves to grpc-js: targets that need a
 * resolver or a proxy, service configs, and servers that send metrics of calls.
 */
export const builtInEngine: GrpcEngine = {
  name: 'built-in',
  createServer: (options = {}) =>
    options['grpc.server_call_metric_recording']
      ? grpcJsEngine.createServer(options)
      : new BuiltInServer(options),
  createStreamChannel: (open, options = {}, info) =>
    options['grpc.service_config'] === undefined
      ? new BuiltInChannel('backchannel', 'backchannel', new StreamConnector(open, info), options)
      : grpcJsEngine.createStreamChannel(open, options),
  createDialChannel: (name, credentials, upgrade, options = {}) => {
    const target = needsGrpcJs(options) ? undefined : parseTarget(name);
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

/** As grpc-js looks for a proxy. */
const PROXY_VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy'];

function needsGrpcJs(options: ChannelOptions): boolean {
  if (options['grpc.service_config'] !== undefined) return true;
  if (options['grpc.enable_http_proxy'] === 0) return false;
  return PROXY_VARIABLES.some((name) => process.env[name]);
}
