import { decisionIn, type DialChannel, type GoAway } from '../../grpc/index.js';
import { ErrorCode } from '../../http2/index.js';

/**
 * How a connection of the dialing side ended.
 *
 * - `left`: the other end announced that it stops serving.
 * - `replaced`: the other end asked for a new connection, because this one is too old
 *   (`grpc.max_connection_age_ms`) or has no calls (`grpc.max_connection_idle_ms`).
 * - `closed`: the other end closed the connection by decision (`peer.close({ reason })`). `reason` is text
 *   of the other end, without control characters, of at most 1024 characters. `reconnectAfterMs` is the time
 *   in milliseconds for which it asked this side to stay away, at most 86400000 (24 hours).
 * - `lost`: the connection broke, or ended without an announcement; `error` tells why, if known.
 */
export type ConnectionEnd =
  | { readonly cause: 'left' }
  | { readonly cause: 'replaced' }
  | {
      readonly cause: 'closed';
      readonly reason?: string | undefined;
      /** Milliseconds for which this side was asked to stay away. */
      readonly reconnectAfterMs?: number | undefined;
    }
  | { readonly cause: 'lost'; readonly error?: Error | undefined };

/** GOAWAY messages of gRPC servers that ask for a new connection and continue to serve. */
const RENEWALS = new Set(['max_age', 'max_idle']);

/** Returns how the last connection of `channel` ended. The channel must have no connection. */
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
