import { ErrorCode } from '../http2/index.js';
import type { GoAway } from './grpc-engine.js';

/** What the debug data of the GOAWAY begins with, and what stands between that and a reason. */
const WORDS = 'peer closed';
const BEFORE_REASON = ': ';

/**
 * What one end says when it closes a connection because it has decided so. The code is NO_ERROR, as the
 * clients of grpc-go and grpc-js then end calls under way with UNAVAILABLE: with any other code those of
 * grpc-js would end with CANCELLED.
 */
export function closedByDecision(reason: string | undefined): GoAway {
  const message = reason ? `${WORDS}${BEFORE_REASON}${reason}` : WORDS;
  return { code: ErrorCode.NoError, message };
}

/** The decision that `goAway` tells of, if it does; `reason` is text of the other end. */
export function decisionIn({ code, message }: GoAway): { reason?: string } | undefined {
  if (code !== ErrorCode.NoError) return undefined;
  if (message === WORDS) return {};
  const begin = WORDS + BEFORE_REASON;
  return message.startsWith(begin) ? { reason: message.slice(begin.length) } : undefined;
}
