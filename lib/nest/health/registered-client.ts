import type { BackchannelClient } from '../dialing/backchannel-client.js';

/** Token under which each registration of a client provides a `RegisteredClient`. */
export const REGISTERED_CLIENT = Symbol('REGISTERED_CLIENT');

/** A registered client of the application. */
export interface RegisteredClient {
  /** The name in `@InjectBackchannelClient(name)`. */
  readonly name: string;
  /** Whether the client connects only when a call needs a connection. */
  readonly lazy: boolean;
  readonly client: BackchannelClient;
}
