import { status } from '@grpc/grpc-js';

/**
 * Creates the status of a call whose headers are too large to send: a status of this side, not of the peer.
 */
export function headerSizeProblem(
  of: 'request' | 'response',
  bytes: number,
  limit: number,
): { code: status; details: string } {
  return {
    code: status.RESOURCE_EXHAUSTED,
    details: `Headers of the ${of} are too large: ${bytes} bytes of at most ${Math.max(0, Math.floor(limit))}`,
  };
}
