import { nonEmptyText, required, verifyOptions, type Rules } from '../../options/index.js';

/** Rules of the name of a client. */
export const CLIENT_NAME_RULES: Rules<{ name: string }> = {
  name: required(nonEmptyText, 'the name of the client, as in registerClient({ name })'),
};

/** Token of the transport strategy that a module of this package provides for `connectBackchannel`. */
export const BACKCHANNEL_STRATEGY = Symbol('BACKCHANNEL_STRATEGY');

/**
 * Injection token of the client registered under `name`, for `overrideProvider` in tests and
 * `inject` of factories. In constructors use `@InjectBackchannelClient(name)`.
 *
 * @throws OptionError if `name` is not a non-empty string.
 */
export function getBackchannelClientToken(name: string): string {
  verifyOptions('getBackchannelClientToken', CLIENT_NAME_RULES, { name });
  return `BackchannelClient_${name}`;
}

/**
 * Injection token of the `ClientHandshaker` of the client registered under `name`.
 *
 * @throws OptionError if `name` is not a non-empty string.
 */
export function getClientHandshakerToken(name: string): string {
  verifyOptions('getClientHandshakerToken', CLIENT_NAME_RULES, { name });
  return `${getBackchannelClientToken(name)}_HANDSHAKER`;
}
