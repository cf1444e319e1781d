import type { ChannelOptions } from '@grpc/grpc-js';
import { Http2OptionError } from '../../http2/index.js';
import { showValue } from '../../options/index.js';

const MIB = 1024 * 1024;
/** Same as in grpc-js. */
const DEFAULT_MAX_RECEIVE_LENGTH = 4 * MIB;
const DEFAULT_SESSION_MEMORY = 256 * MIB;
/**
 * Minimum number of messages of maximum size that fit into the memory. A list of small objects takes up to
 * 20 times its encoded size, and one such message must be accepted.
 */
const LEAST_MESSAGES = 32;
/** Unit of `maxSessionMemory` in node:http2, in bytes. */
const MEGABYTE = 1_000_000;

/** Status text of a call that exceeds the memory of its connection. */
export const NO_ROOM =
  'The calls of this connection hold as much memory as "grpc-node.max_session_memory" allows';

/** Maximum message sizes of a channel or server, in bytes; negative for no limit. */
export interface MessageLimits {
  readonly maxReceiveLength: number;
  readonly maxSendLength: number;
}

/**
 * Reads the message limits from options. Default: 4 MiB received, no limit for sent ones.
 *
 * @throws Http2OptionError if one of them is no number, as it would not limit anything.
 */
export function messageLimitsOf(options: ChannelOptions): MessageLimits {
  return {
    maxReceiveLength:
      lengthOf(options, 'grpc.max_receive_message_length') ?? DEFAULT_MAX_RECEIVE_LENGTH,
    maxSendLength: lengthOf(options, 'grpc.max_send_message_length') ?? -1,
  };
}

function lengthOf(
  options: ChannelOptions,
  name: 'grpc.max_receive_message_length' | 'grpc.max_send_message_length',
): number | undefined {
  const length: unknown = options[name];
  if (length === undefined || (typeof length === 'number' && !Number.isNaN(length))) return length;
  throw new Http2OptionError(name, `must be a number of bytes, or -1, not ${showValue(length)}`);
}

/**
 * Memory limit of the calls of one connection, in bytes: for received messages, and on a server,
 * separately, for replies that the peer has not read. Default: 256 MiB, or 32 messages of maximum size if
 * that is more; Infinity if received messages have no size limit.
 *
 * @throws Http2OptionError if `grpc-node.max_session_memory` is no positive number of megabytes.
 */
export function sessionMemoryOf(options: ChannelOptions): number {
  const megabytes = options['grpc-node.max_session_memory'];
  if (megabytes === undefined) {
    const { maxReceiveLength } = messageLimitsOf(options);
    if (maxReceiveLength < 0) return Infinity;
    return Math.max(DEFAULT_SESSION_MEMORY, LEAST_MESSAGES * maxReceiveLength);
  }
  if (typeof megabytes === 'number' && megabytes > 0) return megabytes * MEGABYTE;
  throw new Http2OptionError(
    'grpc-node.max_session_memory',
    `must be a number of megabytes above 0, not ${showValue(megabytes)}`,
  );
}
