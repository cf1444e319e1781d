import type { ExecutionContext } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { BackchannelError, hasBackchannel } from '../../backchannel/index.js';
import type { CallLike, ParentCall } from '../../grpc/index.js';
import type { PeerOption } from './peer-option.js';

/**
 * What `read` finds in the call being handled.
 *
 * @throws RpcException with the `BackchannelError` in it, so that the caller gets its gRPC status.
 */
export function fromCall<T>(
  context: ExecutionContext,
  { optional = false }: PeerOption,
  read: (call: CallLike) => T,
): T | undefined {
  const call = callOf(context);
  if (optional && !hasBackchannel(call)) return undefined;
  try {
    return read(call);
  } catch (error) {
    throw error instanceof BackchannelError ? new RpcException(error) : error;
  }
}

/** Whether others can end with `call`: calls that tests make up often say nothing of their end. */
export function isParent(call: CallLike): call is CallLike & ParentCall {
  const { on, getDeadline } = call as Partial<ParentCall>;
  return typeof on === 'function' && typeof getDeadline === 'function';
}

/** Third of `(data, metadata, call)`, or first and only of `@GrpcStreamCall` handlers. */
function callOf(context: ExecutionContext): CallLike {
  const [first, , third] = context.getArgs<unknown[]>();
  return [third, first].find(isCall) ?? {};
}

function isCall(value: unknown): value is CallLike {
  return typeof (value as CallLike | undefined)?.getAuthContext === 'function';
}
