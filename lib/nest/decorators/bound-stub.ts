import { Metadata, status } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import { isObservable, Observable, type Subscriber } from 'rxjs';
import { isAnswered, onEndOf, withParent, type ParentCall } from '../../grpc/index.js';

/** The call that a stub is bound to, and the words for it. */
export interface Binding {
  /** The call being handled. */
  readonly parent: ParentCall;
  /** The service that is called. */
  readonly service: string;
  /** Class and method of the handler. */
  readonly handler: string;
}

const logger = new Logger('Backchannel');
/** Handlers and methods that the log has a warning of. As many as there are in the code. */
const warned = new Set<string>();

/**
 * A stub whose calls end with the call being handled, and have its deadline, unless theirs is shorter.
 * What it is made of is not changed; it may be used by others.
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

/** Each subscription is a call of its own. */
function boundCall(
  call: Observable<unknown>,
  binding: Binding,
  method: string,
): Observable<unknown> {
  const { parent } = binding;
  return new Observable((subscriber) => {
    const stopListening = onEndOf(parent, () => {
      // Handlers that are done with a call unsubscribe from it when they hear of the end themselves.
      process.nextTick(() => {
        if (!subscriber.closed && isAnswered(parent)) warnOnce(binding, method);
      });
    });
    subscriber.add(stopListening);
    return withParent(
      parent,
      () => call.subscribe(subscriber),
      // The stub is one of a test, without a channel that would end the call.
      () => subscriber.add(onEndOf(parent, () => endWith(parent, subscriber))),
    );
  });
}

/** Ends a call as a channel does whose parent is over: told later, and as an error of gRPC. */
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
