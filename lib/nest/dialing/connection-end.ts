import { decisionIn, type DialChannel, type GoAway } from '../../grpc/index.js';
import { ErrorCode } from '../../http2/index.js';

/**
 * How a connection of the dialing side ended.
 *
 * - `left`: the other end stops serving, and said so first.
 * - `replaced`: the other end wants a new connection in place of this one, because of its age
 *   (`grpc.max_connection_age_ms`) or for want of calls (`grpc.max_connection_idle_ms`).
 * - `closed`: the other end has decided to close it (`peer.close({ reason })`); `reason` is text of the
 *   other end without control characters, of 1024 characters at most.
 * - `lost`: it broke, or ended without a word; `error` says how, where that is known.
 */
export type ConnectionEnd =
  | { readonly cause: 'left' }
  | { readonly cause: 'replaced' }
  | { readonly cause: 'closed'; readonly reason?: string | undefined }
  | { readonly cause: 'lost'; readonly error?: Error | undefined };

/** What gRPC says when it is not the server that goes. */
const RENEWALS = new Set(['max_age', 'max_idle']);

/** How the last connection of `channel` ended, which has none any more. */
export function endOfLastConnection(channel: DialChannel): ConnectionEnd {
  const { lastGoAway, lastError } = channel;
  return lastGoAway === undefined ? { cause: 'lost', error: lastError } : endBy(lastGoAway);
}

function endBy(goAway: GoAway): ConnectionEnd {
  const { code, message } = goAway;
  const decision = decisionIn(goAway);
  if (decision !== undefined) return { cause: 'closed', ...decision };
  if (code === ErrorCode.NoError) return { cause: RENEWALS.has(message) ? 'replaced' : 'left' };
  const why = message === '' ? '' : `: ${message}`;
  return { cause: 'lost', error: new Error(`the other end said GOAWAY ${code}${why}`) };
}
