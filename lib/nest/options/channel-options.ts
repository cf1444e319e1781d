import type { ChannelOptions, ClientOptions, ServerOptions } from '@grpc/grpc-js';
import { ServerGrpc } from '@nestjs/microservices';
import { PROXY_OPTION } from '../../grpc/index.js';
import type { BackchannelClientOptions, BackchannelServicesOptions } from './options.js';

/** Translates Nest's names of gRPC settings into options of a grpc-js `Server`. Does not change its input. */
export function toServerOptions(options: BackchannelServicesOptions): ServerOptions {
  const { channelOptions, maxSendMessageLength, maxReceiveMessageLength, maxMetadataSize } =
    options;
  return {
    ...channelOptions,
    ...(maxSendMessageLength && { 'grpc.max_send_message_length': maxSendMessageLength }),
    ...(maxReceiveMessageLength && { 'grpc.max_receive_message_length': maxReceiveMessageLength }),
    ...(maxMetadataSize && { 'grpc.max_metadata_size': maxMetadataSize }),
    // Nest's own mapping of the keepalive options.
    ...(ServerGrpc.prototype.getKeepaliveOptions.call({ options }) as ChannelOptions),
  };
}

/** Options of a grpc-js channel, without interceptors and call transformers, which belong to stubs. */
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

/** Keepalive defaults, so that both sides detect a lost connection even when it is idle. */
const SIGNS_OF_LIFE: ChannelOptions = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/** Options of the listening side's server. Keepalive detects dead peers before they are called. */
export function toListeningServerOptions(options: BackchannelServicesOptions): ServerOptions {
  return { ...SIGNS_OF_LIFE, ...toServerOptions(options) };
}

/**
 * Options of the dialing side's channel, which is kept connected because it also carries backchannel calls.
 */
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
    // The name of the option in grpc-js.
    ...(proxy === false && { 'grpc.enable_http_proxy': 0 }),
  };
}
