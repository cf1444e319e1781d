import type { ChannelOptions, ClientOptions, ServerOptions } from '@grpc/grpc-js';
import { ServerGrpc } from '@nestjs/microservices';
import { PROXY_OPTION } from '../../grpc/index.js';
import type { BackchannelClientOptions, BackchannelServicesOptions } from './options.js';

/** Translates Nest's names for gRPC settings into options of a grpc-js `Server`, leaving its input alone. */
export function toServerOptions(options: BackchannelServicesOptions): ServerOptions {
  const { channelOptions, maxSendMessageLength, maxReceiveMessageLength, maxMetadataSize } =
    options;
  return {
    ...channelOptions,
    ...(maxSendMessageLength && { 'grpc.max_send_message_length': maxSendMessageLength }),
    ...(maxReceiveMessageLength && { 'grpc.max_receive_message_length': maxReceiveMessageLength }),
    ...(maxMetadataSize && { 'grpc.max_metadata_size': maxMetadataSize }),
    // Nest's own table of names.
    ...(ServerGrpc.prototype.getKeepaliveOptions.call({ options }) as ChannelOptions),
  };
}

/** The same for a channel, which does not know what is the business of its stubs. */
export function toChannelOptions(options: BackchannelServicesOptions): ChannelOptions {
  const channelOptions: ChannelOptions &
    Pick<ClientOptions, 'callInvocationTransformer'> & {
      interceptors?: unknown;
      interceptor_providers?: unknown;
    } = toServerOptions(options);
  delete channelOptions.interceptors;
  delete channelOptions.interceptor_providers;
  delete channelOptions.callInvocationTransformer;
  return channelOptions;
}

/** Both sides of a connection notice by these that the other one is gone, whoever is idle. */
const SIGNS_OF_LIFE: ChannelOptions = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/** Of the listening side's server: peers are there to be called, so a dead one must be noticed. */
export function toListeningServerOptions(options: BackchannelServicesOptions): ServerOptions {
  return { ...SIGNS_OF_LIFE, ...toServerOptions(options) };
}

/** Of the dialing side's channel, which is there to be called, and so is kept connected. */
export function toDialingChannelOptions(
  options: BackchannelServicesOptions & Pick<BackchannelClientOptions, 'proxy'>,
): ChannelOptions {
  const { proxy } = options;
  return {
    ...SIGNS_OF_LIFE,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.max_reconnect_backoff_ms': 30_000,
    ...toChannelOptions(options),
    ...(proxy !== undefined && { [PROXY_OPTION]: proxy }),
    // The one that grpc-js knows.
    ...(proxy === false && { 'grpc.enable_http_proxy': 0 }),
  };
}
