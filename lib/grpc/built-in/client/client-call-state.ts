/**
 * State of a client call.
 *
 * - `created`: the call is not started. `start()` leads to `waiting`, a cancellation to `cancelled`.
 * - `cancelled`: the call ended before `start()`, which delivers the status and leads to `closed`.
 * - `waiting`: the call waits for credentials, a connection, or room on it. A stream leads to `open`, any
 *   failure to `ended`.
 * - `open`: the call has a stream. The end of the response leads to `answered`, a failure to `ended`, and a
 *   stream that the peer refused back to `waiting`, once.
 * - `answered`: the response is complete, but messages of it are unread. The last one leads to `ended`, as
 *   does a failure.
 * - `ended`: the status is known. Only the metadata of the response may be delivered before the status. The
 *   delivery of the status leads to `closed`.
 * - `closed`: the status is delivered, and no event follows.
 */
export type ClientCallState =
  'created' | 'cancelled' | 'waiting' | 'open' | 'answered' | 'ended' | 'closed';
