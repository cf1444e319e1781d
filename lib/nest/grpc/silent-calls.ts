import type { Readable } from 'node:stream';
import { status } from '@grpc/grpc-js';
import type { Failure } from './handler-failures.js';
import type { HandlerReach } from './handler-reach.js';

/** Milliseconds in which a handler that has its call, but no callback, may still fail it. */
const GRACE_MS = 1000;

/** How a call ends whose handler has returned and cannot answer. */
export function unanswerable(methodName: string, hasManyResponses: boolean): Failure {
  const need = hasManyResponses ? 'no call to answer by: take it with @Payload()' : 'no callback';
  const remedy = hasManyResponses ? '' : ' to answer by: take it with @Ctx()';
  return {
    code: status.INTERNAL,
    details: `the handler of ${methodName} returned without an answer, and has ${need}${remedy}`,
  };
}

/**
 * Calls `listener` when a handler that has returned can do nothing more to its call. One that has the call
 * may still fail it: until a second after it has read the last request, or, if it never began to read,
 * after it has returned.
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
