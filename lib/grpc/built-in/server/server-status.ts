import { type Metadata, type ServerErrorResponse, status } from '@grpc/grpc-js';
import type { ServerStatus } from '../../grpc-types.js';

/** What a handler may fail with. */
export type Failure = ServerErrorResponse | Partial<ServerStatus>;

/** The status that a handler's failure means: its own if it has a code, UNKNOWN else. As grpc-js. */
export function toServerStatus(failure: Failure, trailers?: Metadata): ServerStatus {
  const { code, details } = failure;
  const metadata = trailers ?? failure.metadata ?? null;
  const message = 'message' in failure ? failure.message : 'Unknown Error';
  if (!Number.isInteger(code)) return { code: status.UNKNOWN, details: message, metadata };
  return { code: code!, details: typeof details === 'string' ? details : message, metadata };
}
