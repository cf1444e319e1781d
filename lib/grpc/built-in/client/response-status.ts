import { status } from '@grpc/grpc-js';
import type { CallStatus } from '../../grpc-types.js';
import { receivedMetadata } from '../received-metadata.js';
import { decodeStatusMessage } from '../status-message.js';
import { statusOf, statusOfHttp } from './status-of-end.js';

const STATUS_HEADERS = new Set(['grpc-status', 'grpc-message']);
const NOTHING: ReadonlySet<string> = new Set();

/** Returns the status in trailers, or without one, the status for the HTTP status. */
export function responseStatus(trailers: readonly string[], httpStatus: number): CallStatus {
  let code: string | undefined;
  let message: string | undefined;
  for (let i = 0; i < trailers.length; i += 2) {
    if (trailers[i] === 'grpc-status') code ??= trailers[i + 1];
    else if (trailers[i] === 'grpc-message') message ??= trailers[i + 1];
  }
  if (code === undefined) {
    return { ...statusOfHttp(httpStatus), metadata: receivedMetadata(trailers, NOTHING) };
  }
  return statusOf(
    /^\d+$/.test(code) ? Number(code) : status.UNKNOWN,
    message === undefined ? '' : decodeStatusMessage(message),
    receivedMetadata(trailers, STATUS_HEADERS),
  );
}
