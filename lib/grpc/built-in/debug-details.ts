import { isError } from '../../options/index.js';

/** Same variable as in grpc-js: clients receive error details only if it is set to `true`. */
const SENDS_DETAILS = process.env['GRPC_NODE_DEBUG_SEND_ERROR_DETAILS'] === 'true';

/**
 * Returns a status message for `error`. It is only `text`, because clients must not see the details. If
 * `GRPC_NODE_DEBUG_SEND_ERROR_DETAILS` is `true`, the details follow.
 */
export function debugDetails(text: string, error: unknown): string {
  if (!SENDS_DETAILS) return text;
  return `${text}: ${isError(error) ? error.message : String(error)}`;
}
