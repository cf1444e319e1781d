import { Client } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { isUnaryWrapped } from '../../../lib/grpc/index.js';

type Method = (...args: unknown[]) => unknown;

const prototype = Client.prototype as unknown as { makeUnaryRequest: Method };
const original = prototype.makeUnaryRequest;

afterEach(() => {
  prototype.makeUnaryRequest = original;
});

const { makeUnaryRequest: ofSameName } = {
  makeUnaryRequest(this: unknown, ...args: unknown[]): unknown {
    return original.apply(this, args);
  },
};

describe('Client.prototype.makeUnaryRequest', () => {
  it('is not wrapped as grpc-js has it', () => {
    expect(isUnaryWrapped()).toBe(false);
  });

  it.each<[what: string, wrapper: Method]>([
    ['a function', (...args) => original(...args)],
    ['a method of the same name', ofSameName],
    ['a bound function', original.bind(prototype)],
    ['a proxy', new Proxy(original, {})],
  ])('is wrapped while it is %s', (_what, wrapper) => {
    prototype.makeUnaryRequest = wrapper;
    expect(isUnaryWrapped()).toBe(true);
    prototype.makeUnaryRequest = original;
    expect(isUnaryWrapped()).toBe(false);
  });
});
