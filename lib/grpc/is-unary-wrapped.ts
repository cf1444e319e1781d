import { Client } from '@grpc/grpc-js';

/** Part of the source of grpc-js' own method. Its wrappers do not contain it; minifiers keep it. */
const OWN_TEXT = 'No message received';

let lastMethod: unknown;
let isLastWrapped = false;

/**
 * Whether `Client.prototype.makeUnaryRequest` is no longer grpc-js' own, because instrumentation has wrapped
 * it. Unary calls must then go through it. Instrumentation may have wrapped it before this module is loaded,
 * so only the source of the method tells.
 */
export function isUnaryWrapped(): boolean {
  const method: unknown = Client.prototype.makeUnaryRequest;
  if (method !== lastMethod) {
    lastMethod = method;
    isLastWrapped = !Function.prototype.toString.call(method).includes(OWN_TEXT);
  }
  return isLastWrapped;
}
