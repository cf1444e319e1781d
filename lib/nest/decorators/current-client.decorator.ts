import type { BackchannelClient } from '../dialing/backchannel-client.js';
import { getBackchannelClient, hasBackchannelClient } from '../dialing/called-client.js';
import { callParameter, type CallParameter } from './call-parameter.js';

/**
 * Injects the client over whose connection the other end has called into a handler of the dialing side: the
 * `BackchannelClient` that `@InjectBackchannelClient(name)` injects. An application with several clients
 * learns from it which server is calling, and can call that server.
 *
 * If the caller has dialed this application instead, the call fails with FAILED_PRECONDITION, unless
 * `{ optional: true }`. A parameter of another type does not compile, see `HandlerParameter`. For guards and
 * interceptors there is `getBackchannelClient(call)`.
 *
 * @throws OptionError naming a bad option.
 */
export const CurrentClient: CallParameter<BackchannelClient> = callParameter(
  '@CurrentClient',
  'client',
  { has: hasBackchannelClient, read: getBackchannelClient },
);
