import { ErrorCode, Http2Error } from '../http2/index.js';
import type { DialChannel, GoAway } from './grpc-engine.js';
import { decodeDecision, encodeDecision, type TextOfDecision } from './reconnect-advice.js';

/** Beginnings of the debug data. */
const CLOSED = 'peer closed';
const REFUSED = 'peer refused';

/**
 * Creates the GOAWAY of a side whose application decided to close a connection (`peer.close()`). The code
 * is NO_ERROR, so that clients of grpc-go and grpc-js end in-flight calls with UNAVAILABLE. With any other
 * code, clients of grpc-js end them with CANCELLED.
 */
export function closedByDecision(decision: TextOfDecision): GoAway {
  return { code: ErrorCode.NoError, message: encodeDecision(CLOSED, decision) };
}

/**
 * Returns the decision that `goAway` reports, or undefined if it reports none. `reason` is text of the
 * peer.
 */
export function decisionIn({ code, message }: GoAway): TextOfDecision | undefined {
  return code === ErrorCode.NoError ? decodeDecision(CLOSED, message) : undefined;
}

/** Returns the debug data of the GOAWAY that refuses a client; see `refuseClient`. */
export function refusalText(decision: TextOfDecision): string {
  return encodeDecision(REFUSED, decision);
}

/**
 * Returns the refusal that ended the last attempt of `channel` to connect, or undefined if it ended
 * otherwise. `reason` is text of the peer.
 */
export function refusalOf({ lastError, lastGoAway }: DialChannel): TextOfDecision | undefined {
  if (lastError instanceof Http2Error) {
    const { remote, http2Code, message } = lastError;
    return remote ? refusalIn({ code: http2Code, message }) : undefined;
  }
  return lastGoAway && refusalIn(lastGoAway);
}

function refusalIn(goAway: GoAway): TextOfDecision | undefined {
  const { code, message } = goAway;
  // A peer may be closed before this side knows that it is connected.
  return code === ErrorCode.InadequateSecurity
    ? decodeDecision(REFUSED, message)
    : decisionIn(goAway);
}
