/**
 * State of a server call.
 *
 * - `received`: the handler is not called yet. The first delivery leads to `running`; the status of an invalid
 *   request, or of a deadline that has passed, to `answered`.
 * - `running`: the handler may receive and send. A status, sent by the handler or by the call itself, leads to
 *   `answered`.
 * - `answered`: the status is being sent, which leads to `over`.
 * - `over`: the status is sent, or the stream has closed without one. Nothing more is sent or received.
 *
 * The end of the stream leads from every state to `over`.
 */
export type ServerCallState = 'received' | 'running' | 'answered' | 'over';
