import { Metadata, type CallOptions, type ChannelInterface } from '@grpc/grpc-js';
import { Observable } from 'rxjs';
import { isUnaryWrapped, makeUnaryCall, type UnaryMethod } from '../../grpc/index.js';
import type { StubMethod } from './stub-method.js';

/**
 * Whether grpc-js client options have interceptors, interceptor providers, or a call transformer.
 */
export function hasInterceptors(options: Readonly<Record<string, unknown>> = {}): boolean {
  const { interceptors, interceptor_providers: providers } = options;
  // grpc-js also accepts a single interceptor.
  const isSet = (value: unknown): boolean =>
    typeof value === 'function' || (Array.isArray(value) && value.length > 0);
  return isSet(interceptors) || isSet(providers) || Boolean(options['callInvocationTransformer']);
}

/**
 * A unary method of Nest's stubs that calls the channel directly. Calls with other arguments than request,
 * metadata and options, or with interceptors, go to `stock`, which uses a grpc-js client. So do all calls
 * while instrumentation wraps this client.
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
      isIntercepted(options) ||
      isUnaryWrapped()
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
