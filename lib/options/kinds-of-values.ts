import { types } from 'node:util';

// `instanceof` fails for values of another realm. Jest runs the tests and this package in a separate realm,
// but errors and promises that Node's modules create belong to the main realm.

/** Whether `value` is an error of any realm. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** Whether `value` is a promise of any realm or library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}
