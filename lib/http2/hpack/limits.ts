import { HpackError } from './errors.js';

/** Bytes that an entry of a table or a list counts for besides name and value (RFC 7541, 4.1). */
export const ENTRY_OVERHEAD = 32;

/** Bytes of either end's dynamic table until something else is agreed (RFC 9113, 6.5.2). */
export const DEFAULT_TABLE_SIZE = 4096;

/** Largest integer that is written or read, so that all of them stay small integers in V8. */
export const MAX_INTEGER = 0x7fff_ffff;

/**
 * Says whether `value` can be a number of bytes, by the name of the option that it was given as.
 *
 * @throws HpackError `ERR_HPACK_CONFIG` if it cannot.
 */
export function verifyBytes(option: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new HpackError(
    'ERR_HPACK_CONFIG',
    `HPACK option "${option}" must be a whole number from 0 to ${max}, not ${String(value)}`,
  );
}
