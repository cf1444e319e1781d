import type { ChannelOptions } from '@grpc/grpc-js';

/** As grpc-js. */
const DEFAULT_MAX_RECEIVE_LENGTH = 4 * 1024 * 1024;

/** Bytes that a message may have, of the calls of a channel or a server; negative for any number. */
export interface MessageLimits {
  readonly maxReceiveLength: number;
  readonly maxSendLength: number;
}

export function messageLimitsOf(options: ChannelOptions): MessageLimits {
  return {
    maxReceiveLength: options['grpc.max_receive_message_length'] ?? DEFAULT_MAX_RECEIVE_LENGTH,
    maxSendLength: options['grpc.max_send_message_length'] ?? -1,
  };
}
