/**
 * State of a stream (RFC 9113, 5.1), from its HEADERS on.
 *
 * - `open`: both sides may send.
 * - `half-closed local`: this side has sent END_STREAM; the peer may still send.
 * - `half-closed remote`: the peer has sent END_STREAM; this side may still send.
 * - `ended`: both sides have sent END_STREAM, and the listener is being notified of the peer's.
 * - `closed`: the stream has left the connection, in order or with an error; the last state.
 */
export type Http2StreamState =
  'open' | 'half-closed local' | 'half-closed remote' | 'ended' | 'closed';
