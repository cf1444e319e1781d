import { getPeer, hasBackchannel, type Peer } from '../../backchannel/index.js';
import { callParameter, type CallParameter } from './call-parameter.js';

/**
 * Injects the caller into a handler of the listening side: the `Peer` with its name, identity, address,
 * certificate and services. It is the peer of `Registry`, and is injected even if the registry has already
 * removed it, because the peer is leaving.
 *
 * On a plain connection the call fails with FAILED_PRECONDITION, unless `{ optional: true }`. Calls of
 * `peer.getService()` are not bound to the call being handled; those of `@Backchannel('Service')` are. A
 * parameter of another type does not compile, see `HandlerParameter`. For guards and interceptors there is
 * `getPeer(call)`.
 *
 * @throws OptionError naming a bad option.
 */
export const CurrentPeer: CallParameter<Peer> = callParameter('@CurrentPeer', 'peer', {
  has: hasBackchannel,
  read: getPeer,
});
