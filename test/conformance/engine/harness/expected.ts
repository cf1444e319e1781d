import { expect } from 'vitest';
import type { Kind } from './test-service.js';

export const OK = { code: 0, details: 'OK', metadata: {} };
export const HEADERS = ['metadata', { 'content-type': ['application/grpc+proto'] }];

/** What the caller of any kind is told of one answer. */
export function answered(value: unknown, kind: Kind): unknown {
  if (kind === 'unary' || kind === 'clientStream') {
    return [HEADERS, ['callback', value], ['status', OK]];
  }
  return [HEADERS, ['data', value], ['status', OK], 'end'];
}

/** What the caller of any kind is told of a failure, among other things. */
export function failed(code: number, details: unknown, kind: Kind): unknown {
  const event = kind === 'unary' || kind === 'clientStream' ? 'callback' : 'error';
  return expect.arrayContaining([
    [event, expect.objectContaining({ name: 'Error', code, details })],
    ['status', expect.objectContaining({ code, details })],
  ]);
}
