import { Metadata, type CallOptions, type ChannelInterface } from '@grpc/grpc-js';
import { Observable } from 'rxjs';
import { makeUnaryCall, type UnaryMethod } from '../../grpc/index.js';
import type { StubMethod } from './stub-method.js';

/**
 * Whether a grpc-js client with these options does more with a call than to make it.
 */
export function hasInterceptors(options: Readonly<Record<string, unknown>> = {}): boolean {
  const { interceptors, interceptor_providers: providers } = options;
  // grpc-js takes a single one as well.
  const isSet = (value: unknown): boolean =>
    typeof value === 'function' || (Array.isArray(value) && value.length > 0);
  return isSet(interceptors) || isSet(providers) || Boolean(options['callInvocationTransformer']);
}

/**
 * A unary method as Nest's stubs have them, straight on the channel; what asks for more than that goes to
 * `stock`, which makes the call with a client of grpc-js.
 */
export function unaryMethod(
  channel: ChannelInterface,
  method: UnaryMethod,
  stock: StubMethod,
): StubMethod {
  return (...args) => {
    const rest = args.slice(1);
    const metadata = rest[0] instanceof Metadata ? (rest.shift() as Metadata) : undefined;
    const options = (rest.shift() ?? {}) as CallOptions;
    if (
      args.length === 0 ||
      rest.length > 0 ||
      typeof options !== 'object' ||
      isIntercepted(options)
    ) {
      return stock(...args);
    }
    return new Observable((observer) =>
      makeUnaryCall(
        channel,
        method,
        args[0],
        metadata ?? new Metadata(),
        options,
        (error, response) => {
          if (error) {
            observer.error(error);
          } else {
            observer.next(response);
            observer.complete();
          }
        },
      ),
    );
  };
}

function isIntercepted({ interceptors, interceptor_providers: providers }: CallOptions): boolean {
  return Boolean(interceptors?.length || providers?.length);
}
