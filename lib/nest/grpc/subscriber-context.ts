import { AsyncResource } from 'node:async_hooks';
import type { Observer } from 'rxjs';

/**
 * Wraps `observer` so that it runs in the current async context. For observables whose source does not
 * know its subscribers, such as a request stream: a handler may have entered another context since its
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
