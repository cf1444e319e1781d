import type { ChannelOptions } from '@grpc/grpc-js';
import { Http2OptionError } from '../../http2/index.js';
import { showValue } from '../../options/index.js';

const MIB = 1024 * 1024;
/** As grpc-js. */
const DEFAULT_MAX_RECEIVE_LENGTH = 4 * MIB;
const DEFAULT_SESSION_MEMORY = 256 * MIB;
/**
 * Room for so many messages of the largest size. A list of small objects takes up to 20 times its bytes
 * when it is decoded, and one such message must be taken.
 */
const LEAST_MESSAGES = 32;
/** Node counts `maxSessionMemory` of HTTP/2 in these. */
const MEGABYTE = 1_000_000;

/** Why a call ends that needs more memory than its connection has left. */
export const NO_ROOM =
  'The calls of this connection hold as much memory as "grpc-node.max_session_memory" allows';

/** Bytes that a message may have, of the calls of a channel or a server; negative for any number. */
export interface MessageLimits {
  readonly maxReceiveLength: number;
  readonly maxSendLength: number;
}

/** @throws Http2OptionError if one of the two is no number: it would be no limit. */
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
 * Bytes that the calls of one connection may hold on this side: of messages that came, and, counted
 * apart, of messages that the other end does not take. If messages have no size limit, the default is
 * Infinity.
 *
 * @throws Http2OptionError if `grpc-node.max_session_memory` is no number of megabytes.
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
    `must be a number of megabytes above 0, not ${String(megabytes)}`,
  );
}
