import { type Metadata, type ServerErrorResponse, status } from '@grpc/grpc-js';
import type { ServerStatus } from '../../grpc-types.js';

/** Value with which a handler may fail. */
export type Failure = ServerErrorResponse | Partial<ServerStatus>;

/**
 * Returns the status for a failure of a handler: its own status if it has a code, else UNKNOWN, as in
 * grpc-js.
 */
export function toServerStatus(failure: Failure, trailers?: Metadata): ServerStatus {
  const { code, details } = failure;
  const metadata = trailers ?? failure.metadata ?? null;
  const message = 'message' in failure ? failure.message : 'Unknown Error';
  if (!Number.isInteger(code)) return { code: status.UNKNOWN, details: message, metadata };
  return { code: code!, details: typeof details === 'string' ? details : message, metadata };
}
