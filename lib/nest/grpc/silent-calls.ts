import type { Readable } from 'node:stream';
import { status } from '@grpc/grpc-js';
import type { Failure } from './handler-failures.js';
import type { HandlerReach } from './handler-reach.js';

/** Milliseconds in which a handler that has its call, but no callback, may still fail the call. */
const GRACE_MS = 1000;

/** The failure of a call whose handler has returned and cannot answer. */
export function unanswerable(methodName: string, hasManyResponses: boolean): Failure {
  const need = hasManyResponses ? 'no call to answer by: take it with @Payload()' : 'no callback';
  const remedy = hasManyResponses ? '' : ' to answer by: take it with @Ctx()';
  return {
    code: status.INTERNAL,
    details: `the handler of ${methodName} returned without an answer, and has ${need}${remedy}`,
  };
}

/**
 * Calls `listener` when a handler that has returned can no longer affect its call. A handler that has the
 * call can still fail it until 1 second after it has read the last request or, if it never began to read,
 * after its return.
 */
export function whenSilent(call: Readable, reach: HandlerReach, listener: () => void): void {
  const tell = (): void => {
    if (!call.destroyed) listener();
  };
  if (!reach.call) return void setImmediate(tell);
  const tellLater = (): void => void setTimeout(tell, GRACE_MS).unref();
  if (call.readableEnded) return tellLater();
  call.once('end', tellLater);
  setTimeout(() => {
    if (!call.readableDidRead && call.readableFlowing === null) tell();
  }, GRACE_MS).unref();
}
