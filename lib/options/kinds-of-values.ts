import { types } from 'node:util';

// `instanceof` fails for values of another realm. Jest runs tests, and this package with them, in a realm
// of their own, while errors and promises of Node's modules are of the main realm.

/** Whether `value` is an error of any realm. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** Whether `value` is a promise of any realm or library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}
