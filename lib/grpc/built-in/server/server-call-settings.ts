import type { ServerOptions } from '@grpc/grpc-js';

/** As grpc-js. */
const DEFAULT_MAX_RECEIVE_LENGTH = 4 * 1024 * 1024;

/** What all calls of a server have in common. Bytes that a message may have; negative for any number. */
export interface ServerCallSettings {
  readonly maxReceiveLength: number;
  readonly maxSendLength: number;
}

export function serverCallSettings(options: ServerOptions): ServerCallSettings {
  return {
    maxReceiveLength: options['grpc.max_receive_message_length'] ?? DEFAULT_MAX_RECEIVE_LENGTH,
    maxSendLength: options['grpc.max_send_message_length'] ?? -1,
  };
}
