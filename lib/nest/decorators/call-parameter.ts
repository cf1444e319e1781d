import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { verifyOptions } from '../../options/index.js';
import { noteBackchannelUse, type BackchannelUse } from './backchannel-uses.js';
import { fromCall, type CallValue } from './call-of.js';
import type { HandlerParameter } from './handler-parameter.js';
import { PEER_OPTION_RULES, type PeerOption } from './peer-option.js';

/** A decorator of parameters of handlers without an option of its own. */
export type CallParameter<T> = <Optional extends boolean = false>(
  option?: PeerOption<Optional>,
) => HandlerParameter<T, Optional>;

/**
 * Creates a decorator that injects a value of the call into a handler.
 *
 * @param name - name of the decorator, such as `@PeerId`.
 */
export function callParameter<T>(
  name: string,
  needs: BackchannelUse['needs'],
  value: CallValue<T>,
): CallParameter<T> {
  const Param = createParamDecorator((option: PeerOption, context: ExecutionContext) =>
    fromCall(context, option, value),
  );
  return (option = {}) => {
    const verified: PeerOption = verifyOptions(name, PEER_OPTION_RULES, option);
    const { optional = false } = verified;
    const use = { decorator: `${name}()`, service: undefined, needs, optional };
    const decorate = Param(verified);
    return (controller, method, index) => {
      noteBackchannelUse(controller, method, use);
      decorate(controller, method as string | symbol | undefined, index);
    };
  };
}
