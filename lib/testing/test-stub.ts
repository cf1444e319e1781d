import { concatAll, defer, isObservable, of, type Observable } from 'rxjs';

/** What a method of a test answers: the reply, or a promise of it, or an observable of replies. */
export type TestReply<Reply> = Reply | Promise<Reply> | Observable<Reply>;

/**
 * The methods of a service as a test writes them: those of `Service`, the type of its stubs, that the
 * test needs, each answering in whatever way is the shortest.
 */
export type TestMethods<Service> = {
  [Name in keyof Service]?: Service[Name] extends (...args: infer Args) => Observable<infer Reply>
    ? (...args: Args) => TestReply<Reply>
    : Service[Name];
};

/**
 * A stub of a service that is answered by `methods` instead of somebody at the other end: what
 * `getService` and `@Backchannel('Service')` give. As with a real one nothing happens before somebody
 * subscribes, replies come later, and what a method throws is the error of the call.
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
