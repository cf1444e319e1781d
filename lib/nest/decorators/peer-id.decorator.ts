import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { getPeerId, type PeerId as PeerIdType } from '../../backchannel/index.js';
import { verifyOptions } from '../../options/index.js';
import { noteBackchannelUse } from './backchannel-uses.js';
import { fromCall } from './call-of.js';
import { PEER_OPTION_RULES, type PeerOption } from './peer-option.js';

const PeerIdParam = createParamDecorator((option: PeerOption, context: ExecutionContext) =>
  fromCall(context, option, getPeerId),
);

/** The id of a peer, as `@PeerId()` injects it. */
export type PeerId = PeerIdType;

/**
 * Injects the caller's peer id, which is its key in `Registry`, into a controller handler. On a plain
 * connection the call fails with FAILED_PRECONDITION, unless `{ optional: true }`.
 *
 * @throws OptionError naming a bad option.
 */
export const PeerId = (option: PeerOption = {}): ParameterDecorator => {
  const verified = verifyOptions('@PeerId', PEER_OPTION_RULES, option);
  const { optional = false } = verified;
  const decorate = PeerIdParam(verified);
  return (target, method, index) => {
    noteBackchannelUse(target, method, { decorator: '@PeerId()', service: undefined, optional });
    decorate(target, method, index);
  };
};
