import type { OpenCost } from '../target/meter.js';

/**
 * What docs/limits.md grants each call before its handler (3 KiB), and what Nest and the handlers of the
 * target keep of one.
 */
const OF_A_CALL = 3 * 1024 + 7 * 1024;

/** Bytes that honest use may make the process hold: open calls, and what their memory account holds. */
export function granted(calls: number, cost: OpenCost): number {
  return calls * OF_A_CALL + cost.accountBytes;
}
