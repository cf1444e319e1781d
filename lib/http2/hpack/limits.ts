import { HpackError } from './errors.js';

/** Bytes that count for each entry of a table or a list, in addition to name and value (RFC 7541, 4.1). */
export const ENTRY_OVERHEAD = 32;

/** Initial maximum size of a dynamic table, in bytes (RFC 9113, 6.5.2). */
export const DEFAULT_TABLE_SIZE = 4096;

/** Largest integer that is written or read, so that all of them are small integers in V8. */
export const MAX_INTEGER = 0x7fff_ffff;

/**
 * Returns `value` if it is a whole number from 0 to `max`.
 *
 * @throws HpackError `ERR_HPACK_CONFIG`, naming `option`, if it is not.
 */
export function verifyBytes(option: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new HpackError(
    'ERR_HPACK_CONFIG',
    `HPACK option "${option}" must be a whole number from 0 to ${max}, not ${String(value)}`,
  );
}
