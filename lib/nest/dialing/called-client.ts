import { NoClientError } from '../../backchannel/index.js';
import { connectionOf, type CallLike } from '../../grpc/index.js';
import { BackchannelClient } from './backchannel-client.js';
import { clientOf } from './client-of-connection.js';

/**
 * Returns the client over whose connection the other end made `call`, for guards and interceptors of the
 * dialing side; handlers have `@CurrentClient()`.
 *
 * @param call - the call that the handler received.
 * @throws NoClientError if no client of this application made the connection of the call.
 */
export function getBackchannelClient(call: CallLike): BackchannelClient {
  const client = calledClient(call);
  if (client === undefined) throw new NoClientError();
  return client;
}

/** Whether the other end made `call` over the connection of a client of this application. */
export function hasBackchannelClient(call: CallLike): boolean {
  return calledClient(call) !== undefined;
}

function calledClient(call: CallLike): BackchannelClient | undefined {
  const connection = connectionOf(call);
  const client = connection && clientOf(connection);
  return client instanceof BackchannelClient ? client : undefined;
}
