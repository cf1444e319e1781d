import type { ChannelOptions, ClientOptions } from '@grpc/grpc-js';
import { ServerGrpc } from '@nestjs/microservices';
import type { BackchannelServicesOptions } from './options.js';

/** Translates Nest's names for gRPC settings into channel options, leaving its input alone. */
export function toChannelOptions(options: BackchannelServicesOptions): ChannelOptions {
  const { maxSendMessageLength, maxReceiveMessageLength, maxMetadataSize } = options;
  const channelOptions = { ...options.channelOptions } as ChannelOptions & ClientOptions;
  // These are the business of the stubs; a channel does not know them.
  delete channelOptions.interceptors;
  delete channelOptions.interceptor_providers;
  delete channelOptions.callInvocationTransformer;
  return {
    ...channelOptions,
    ...(maxSendMessageLength && { 'grpc.max_send_message_length': maxSendMessageLength }),
    ...(maxReceiveMessageLength && { 'grpc.max_receive_message_length': maxReceiveMessageLength }),
    ...(maxMetadataSize && { 'grpc.max_metadata_size': maxMetadataSize }),
    // Nest's own table of names.
    ...(ServerGrpc.prototype.getKeepaliveOptions.call({ options }) as ChannelOptions),
  };
}
