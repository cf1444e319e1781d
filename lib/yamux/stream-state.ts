/**
 * State of a stream on this side.
 *
 * - `open`: data may be sent.
 * - `finished`: FIN was sent; the peer may still send.
 * - `forgotten`: the stream is closed on the wire; nothing may be sent for it.
 */
export type YamuxLocalState = 'open' | 'finished' | 'forgotten';

/**
 * State of a stream on the side of the peer. Keeps its value when this side has forgotten the stream.
 *
 * - `open`: the peer has not ended its side in order.
 * - `finished`: the peer has sent FIN.
 */
export type YamuxRemoteState = 'open' | 'finished';
