import { Inject } from '@nestjs/common';
import { nonEmptyText, required, verifyOptions, type Rules } from '../../options/index.js';
import { getBackchannelClientToken } from './tokens.js';

/**
 * Injects the `BackchannelClient` registered under `name`, which is a `ClientGrpc`.
 *
 * @throws OptionError if `name` is not a non-empty string.
 */
export const InjectBackchannelClient = (name: string): PropertyDecorator & ParameterDecorator => {
  verifyOptions('@InjectBackchannelClient', NAME_RULES, { name });
  return Inject(getBackchannelClientToken(name));
};

const NAME_RULES: Rules<{ name: string }> = { name: required(nonEmptyText) };
