import { describe, expect, it } from 'vitest';
import { hasInterceptors } from '../../../lib/nest/grpc/unary-method.js';

const interceptor = (): void => {};

describe('options of a stub', () => {
  it.each([
    ['an array of interceptors', { interceptors: [interceptor] }],
    ['one interceptor, as grpc-js takes it', { interceptors: interceptor }],
    ['providers of interceptors', { interceptor_providers: [interceptor] }],
    ['a transformer of calls', { callInvocationTransformer: interceptor }],
  ])('with %s need a client of grpc-js', (_what, options) => {
    expect(hasInterceptors(options)).toBe(true);
  });

  it.each([[undefined], [{}], [{ interceptors: [] }]])('such as %o do not', (options) => {
    expect(hasInterceptors(options)).toBe(false);
  });
});
