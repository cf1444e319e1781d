import { status } from '@grpc/grpc-js';

/** Why headers cannot be sent: a status of this side's own, as there is none of the other end. */
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
