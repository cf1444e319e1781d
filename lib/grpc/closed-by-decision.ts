import { ErrorCode } from '../http2/index.js';
import type { GoAway } from './grpc-engine.js';

/** Beginning of the debug data of the GOAWAY, and the separator before a reason. */
const WORDS = 'peer closed';
const BEFORE_REASON = ': ';

/**
 * Creates the GOAWAY of a side whose application decided to close a connection (`peer.close()`). The code
 * is NO_ERROR, so that clients of grpc-go and grpc-js end in-flight calls with UNAVAILABLE. With any other
 * code, clients of grpc-js end them with CANCELLED.
 */
export function closedByDecision(reason: string | undefined): GoAway {
  const message = reason ? `${WORDS}${BEFORE_REASON}${reason}` : WORDS;
  return { code: ErrorCode.NoError, message };
}

/**
 * Returns the decision that `goAway` reports, or undefined if it reports none. `reason` is text of the
 * peer.
 */
export function decisionIn({ code, message }: GoAway): { reason?: string } | undefined {
  if (code !== ErrorCode.NoError) return undefined;
  if (message === WORDS) return {};
  const begin = WORDS + BEFORE_REASON;
  return message.startsWith(begin) ? { reason: message.slice(begin.length) } : undefined;
}
