import { Inject } from '@nestjs/common';
import { verifyOptions } from '../../options/index.js';
import { CLIENT_NAME_RULES, getBackchannelClientToken } from './tokens.js';

/**
 * Injects the `BackchannelClient` registered under `name`, which is a `ClientGrpc`.
 *
 * @throws OptionError if `name` is not a non-empty string.
 */
export const InjectBackchannelClient = (name: string): PropertyDecorator & ParameterDecorator => {
  verifyOptions('@InjectBackchannelClient', CLIENT_NAME_RULES, { name });
  return Inject(getBackchannelClientToken(name));
};
