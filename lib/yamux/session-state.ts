/**
 * State of a session.
 *
 * - `open`: both sides may open streams.
 * - `going away`: this side has sent a GoAway, and resets streams that the peer opens.
 * - `closing`: `close()` was called; the session ends when all written data is sent.
 * - `closed`: the session has ended for its users; the socket may linger.
 */
export type YamuxSessionState = 'open' | 'going away' | 'closing' | 'closed';
