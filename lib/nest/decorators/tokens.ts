/** Token of the transport strategy that a module of this package provides for `connectBackchannel`. */
export const BACKCHANNEL_STRATEGY = Symbol('BACKCHANNEL_STRATEGY');

/**
 * Injection token of the client registered under `name`, for `overrideProvider` in tests and
 * `inject` of factories. In constructors use `@InjectBackchannelClient(name)`.
 */
export function getBackchannelClientToken(name: string): string {
  return `BackchannelClient_${name}`;
}

/** Injection token of the `ClientHandshaker` of the client registered under `name`. */
export function getClientHandshakerToken(name: string): string {
  return `${getBackchannelClientToken(name)}_HANDSHAKER`;
}
