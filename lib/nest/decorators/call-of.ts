import type { ExecutionContext } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { BackchannelError } from '../../backchannel/index.js';
import type { CallLike, ParentCall } from '../../grpc/index.js';
import type { PeerOption } from './peer-option.js';

/** A value of calls. */
export interface CallValue<T> {
  /** Whether the connection of the call has the value. */
  has(call: CallLike): boolean;
  /** Returns the value. @throws BackchannelError if there is none. */
  read(call: CallLike): T;
}

/**
 * Reads a value of the call being handled. Returns undefined if `optional` and the call does not have it.
 *
 * @throws RpcException around a `BackchannelError`, so that the caller gets the gRPC status of the error.
 */
export function fromCall<T>(
  context: ExecutionContext,
  { optional = false }: PeerOption,
  value: CallValue<T>,
): T | undefined {
  const call = callOf(context);
  if (optional && !value.has(call)) return undefined;
  try {
    return value.read(call);
  } catch (error) {
    throw error instanceof BackchannelError ? new RpcException(error) : error;
  }
}

/** Whether `call` can be the parent of other calls. Fake calls of tests often do not report their end. */
export function isParent(call: CallLike): call is CallLike & ParentCall {
  const { on, getDeadline } = call as Partial<ParentCall>;
  return typeof on === 'function' && typeof getDeadline === 'function';
}

/** The third of the arguments `(data, metadata, call)`, or the first argument of `@GrpcStreamCall`. */
function callOf(context: ExecutionContext): CallLike {
  const [first, , third] = context.getArgs<unknown[]>();
  return [third, first].find(isCall) ?? {};
}

function isCall(value: unknown): value is CallLike {
  return typeof (value as CallLike | undefined)?.getAuthContext === 'function';
}
