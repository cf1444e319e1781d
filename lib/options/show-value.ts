import { inspect } from 'node:util';
import { isThenable } from './kinds-of-values.js';

/** Largest number of characters of a value in an error message. */
const MAX_SHOWN = 60;

/** Formats a value and its type for an error message: `'false' (a string)`. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'function') return describeFunction(value);
  if (isThenable(value)) return 'a promise, which has to be awaited';
  return `${cut(inspect(value, { depth: 0, breakLength: Infinity }))} (${typeOf(value)})`;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function describeFunction({ name }: Function): string {
  return name === '' ? 'a function' : `the function or class ${cut(name)}`;
}

function cut(text: string): string {
  const line = text.replaceAll('\n', ' ');
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line;
}
