import { types } from 'node:util';
import type { Deadline } from '@grpc/grpc-js';

const UNITS: readonly [unit: string, ms: number][] = [
  ['m', 1],
  ['S', 1000],
  ['M', 60_000],
  ['H', 3_600_000],
];
const UNIT_MS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(UNITS),
  u: 0.001,
  n: 0.000_001,
};

/** Whether `value` is a number, or a date of any realm. */
export function isDeadline(value: unknown): value is Deadline {
  return typeof value === 'number' || types.isDate(value);
}

/** Returns a deadline in milliseconds since 1970. */
export function toMs(deadline: Deadline): number {
  if (typeof deadline === 'number') return deadline;
  return types.isDate(deadline) ? deadline.getTime() : deadline;
}

/**
 * Returns the `grpc-timeout` header for a deadline: at most 8 digits, rounded up.
 *
 * @param deadline - milliseconds since 1970.
 */
export function encodeTimeout(deadline: number): string {
  const left = Math.max(0, deadline - Date.now());
  for (const [unit, ms] of UNITS) {
    const amount = Math.ceil(left / ms);
    if (amount < 1e8) return `${amount}${unit}`;
  }
  return '99999999H';
}

/** Returns the milliseconds of a `grpc-timeout` header; undefined if it is invalid. */
export function decodeTimeout(header: string): number | undefined {
  const match = /^(\d{1,8})\s*([HMSmun])$/.exec(header);
  return match === null ? undefined : Math.trunc(Number(match[1]) * UNIT_MS[match[2]!]!);
}
