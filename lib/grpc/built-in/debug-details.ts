/** As grpc-js, which tells clients no more than this unless it is asked to. */
const SENDS_DETAILS = process.env['GRPC_NODE_DEBUG_SEND_ERROR_DETAILS'] === 'true';

/** A status message about `error` that gives nothing away: `text` alone, as it is not the client's business. */
export function debugDetails(text: string, error: unknown): string {
  if (!SENDS_DETAILS) return text;
  return `${text}: ${error instanceof Error ? error.message : String(error)}`;
}
