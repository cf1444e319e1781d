import { EventEmitter } from 'node:events';
import { Metadata } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { withoutCallerStack, type CallProperties } from '../../../lib/grpc/without-caller-stack.js';

const limit = Error.stackTraceLimit;

afterEach(() => {
  Error.stackTraceLimit = limit;
});

function properties(): CallProperties {
  return { call: new EventEmitter(), metadata: new Metadata() } as unknown as CallProperties;
}

describe('a version of grpc-js whose stubs do not read the metadata of a call', () => {
  it('loses stacks until its next call only', () => {
    const { call } = withoutCallerStack(properties());
    call.call = {} as never;
    const next = properties();

    expect(withoutCallerStack(next)).toBe(next);
    expect(Error.stackTraceLimit).toBe(limit);
    next.call.call = {} as never;
    expect(Error.stackTraceLimit).toBe(limit);
  });
});
