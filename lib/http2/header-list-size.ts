import { ENTRY_OVERHEAD } from './hpack/index.js';

/** Bytes of a list of headers (name, value, name, value), as RFC 9113, 6.5.2 counts them. */
export function headerListSize(headers: readonly string[]): number {
  let size = (headers.length / 2) * ENTRY_OVERHEAD;
  for (const text of headers) size += text.length;
  return size;
}
