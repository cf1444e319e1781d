import { ENTRY_OVERHEAD } from './limits.js';

/** Size in bytes of a flat header list (name, value, name, value), as RFC 9113, 6.5.2 defines it. */
export function headerListSize(headers: readonly string[]): number {
  let size = (headers.length / 2) * ENTRY_OVERHEAD;
  for (const text of headers) size += text.length;
  return size;
}
