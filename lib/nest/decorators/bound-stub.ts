import { Metadata, status } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import { isObservable, Observable, type Subscriber } from 'rxjs';
import { isAnswered, onEndOf, withParent, type ParentCall } from '../../grpc/index.js';

/** The call that a stub is bound to, and names for log messages. */
export interface Binding {
  /** The call being handled. */
  readonly parent: ParentCall;
  /** The service of the stub. */
  readonly service: string;
  /** Class and method of the handler. */
  readonly handler: string;
}

const logger = new Logger('Backchannel');
/** Pairs of handler and method with a logged warning. Bounded by the number of such pairs in the code. */
const warned = new Set<string>();

/**
 * A stub whose calls end with the call being handled, and have its deadline unless their own is shorter.
 * Does not change `stub`, which may be in use elsewhere.
 */
export function boundStub<T extends object>(stub: T, binding: Binding): T {
  return new Proxy(stub, {
    get(target, name): unknown {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(method, target, args);
        return isObservable(result) ? boundCall(result, binding, String(name)) : result;
      };
    },
  });
}

/** Binds the calls of an observable. Each subscription makes a new call. */
function boundCall(
  call: Observable<unknown>,
  binding: Binding,
  method: string,
): Observable<unknown> {
  const { parent } = binding;
  return new Observable((subscriber) => {
    const stopListening = onEndOf(parent, () => {
      // A handler may itself unsubscribe at the end of its call; a warning is not needed then.
      process.nextTick(() => {
        if (!subscriber.closed && isAnswered(parent)) warnOnce(binding, method);
      });
    });
    subscriber.add(stopListening);
    return withParent(
      parent,
      () => call.subscribe(subscriber),
      // A test stub made no call: it has no channel that would end the call.
      () => subscriber.add(onEndOf(parent, () => endWith(parent, subscriber))),
    );
  });
}

/** Ends a call as a channel does when the parent call is over: asynchronously, with a gRPC error. */
function endWith(parent: ParentCall, subscriber: Subscriber<unknown>): void {
  const isLate = Number(parent.getDeadline()) <= Date.now();
  const code = isLate ? status.DEADLINE_EXCEEDED : status.CANCELLED;
  const details = isLate ? 'Deadline of the parent call exceeded' : 'Cancelled by parent call';
  const error = new Error(`${code} ${status[code]}: ${details}`);
  process.nextTick(() => {
    subscriber.error(Object.assign(error, { code, details, metadata: new Metadata() }));
  });
}

function warnOnce({ service, handler }: Binding, method: string): void {
  const key = `${handler} ${service}.${method}`;
  if (warned.has(key)) return;
  warned.add(key);
  logger.warn(
    `a call to ${service}.${method} was ended since the handler ${handler} had answered: calls of @Backchannel('${service}') end with the call being handled; for one that goes on, use @Backchannel('${service}', { detached: true })`,
  );
}
