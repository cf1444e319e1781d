import { AsyncResource } from 'node:async_hooks';
import type { Observer } from 'rxjs';

/**
 * Tells `observer` everything in the async context of this moment. For observables whose source knows
 * nothing of their subscribers, as a stream of requests: a handler may have entered a context since its
 * call began.
 */
export function inPresentContext<T>(observer: Observer<T>): Observer<T> {
  const context = new AsyncResource('GRPC_SUBSCRIBER');
  return {
    next: (value) => context.runInAsyncScope(observer.next, observer, value),
    error: (error) => context.runInAsyncScope(observer.error, observer, error),
    complete: () => context.runInAsyncScope(observer.complete, observer),
  };
}
