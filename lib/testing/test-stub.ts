import { concatAll, defer, isObservable, of, type Observable } from 'rxjs';

/** The result of a test's method: the reply, a promise of it, or an observable of replies. */
export type TestReply<Reply> = Reply | Promise<Reply> | Observable<Reply>;

/**
 * Implementations of those methods of a service that a test needs. `Service` is the type of the stub.
 * Each implementation may return any form of `TestReply`.
 */
export type TestMethods<Service> = {
  [Name in keyof Service]?: Service[Name] extends (...args: infer Args) => Observable<infer Reply>
    ? (...args: Args) => TestReply<Reply>
    : Service[Name];
};

/**
 * Creates a stub of a service. The functions in `methods` answer its calls, in place of a peer. Use the
 * stub in place of that of `getService` or `@Backchannel('Service')`. As with a real stub, a call begins at
 * the subscription, replies are asynchronous, and an error that a method throws is the error of the call.
 */
export function createTestStub<Service extends object>(methods: TestMethods<Service>): Service {
  const stub = Object.entries<unknown>(methods).map(([name, method]) => [
    name,
    typeof method === 'function' ? (...args: unknown[]) => call(() => method(...args)) : method,
  ]);
  return Object.fromEntries(stub) as Service;
}

function call(method: () => unknown): Observable<unknown> {
  return defer(async () => {
    const reply = await method();
    return isObservable(reply) ? reply : of(reply);
  }).pipe(concatAll());
}
