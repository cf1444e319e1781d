import { Inject } from '@nestjs/common';
import { nonEmptyText, required, verifyOptions, type Rules } from '../../options/index.js';
import { getBackchannelClientToken } from './tokens.js';

/**
 * Injects the `BackchannelClient` that was registered under `name`; a `ClientGrpc`.
 *
 * @throws OptionError for anything but a name.
 */
export const InjectBackchannelClient = (name: string): PropertyDecorator & ParameterDecorator => {
  verifyOptions('@InjectBackchannelClient', NAME_RULES, { name });
  return Inject(getBackchannelClientToken(name));
};

const NAME_RULES: Rules<{ name: string }> = { name: required(nonEmptyText) };
