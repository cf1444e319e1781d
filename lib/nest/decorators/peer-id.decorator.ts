import { getPeerId, hasBackchannel, type PeerId as PeerIdType } from '../../backchannel/index.js';
import { callParameter, type CallParameter } from './call-parameter.js';

/** The id of a peer, as `@PeerId()` injects it. */
export type PeerId = PeerIdType;

/**
 * Injects the caller's peer id, which is its key in `Registry`, into a controller handler. On a plain
 * connection the call fails with FAILED_PRECONDITION, unless `{ optional: true }`. A parameter of another
 * type does not compile, see `HandlerParameter`.
 *
 * @throws OptionError naming a bad option.
 */
export const PeerId: CallParameter<PeerId> = callParameter('@PeerId', 'peer', {
  has: hasBackchannel,
  read: getPeerId,
});
