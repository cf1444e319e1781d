import type { BackchannelClient } from '../dialing/backchannel-client.js';

/** Under this token each registration of a client tells of it. */
export const REGISTERED_CLIENT = Symbol('REGISTERED_CLIENT');

/** A client of the application. */
export interface RegisteredClient {
  /** As in `@InjectBackchannelClient(name)`. */
  readonly name: string;
  /** Whether it has no connection until a call needs one. */
  readonly lazy: boolean;
  readonly client: BackchannelClient;
}
