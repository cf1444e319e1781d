import type { Http2ConnectionOptions } from '../connection-options.js';

import { ENTRY_OVERHEAD, headerListSize } from '../hpack/index.js';

/** The options that limit a header list. */
type Limits = Pick<Http2ConnectionOptions, 'maxHeaderListSize' | 'maxHeaders' | 'listNameSuffix'>;

/**
 * Limits headers that hold many comma-separated values: each value counts as one header. The check comes
 * before the values are split. `HpackDecoder` counts the headers themselves.
 */
export class HeaderListLimits {
  readonly #limits: Limits;
  /** Last character of the suffix. Compared first, because `endsWith` is slow and most names differ. */
  readonly #lastOfSuffix: number;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#lastOfSuffix = limits.listNameSuffix.charCodeAt(limits.listNameSuffix.length - 1);
  }

  /** Whether a list that `HpackDecoder` has accepted is also within the limits by its values. */
  allows(headers: readonly string[]): boolean {
    const { listNameSuffix, maxHeaders, maxHeaderListSize } = this.#limits;
    if (listNameSuffix === '') return true;
    let left = maxHeaders - headers.length / 2;
    const before = left;
    for (let i = 0; i < headers.length && left >= 0; i += 2) {
      const name = headers[i]!;
      if (name.charCodeAt(name.length - 1) !== this.#lastOfSuffix) continue;
      if (name.endsWith(listNameSuffix)) left -= commasIn(headers[i + 1]!, left);
    }
    const more = before - left;
    if (more === 0) return true;
    return left >= 0 && headerListSize(headers) + more * ENTRY_OVERHEAD <= maxHeaderListSize;
  }
}

/** Counts the commas in `value`, up to `limit` + 1. */
function commasIn(value: string, limit: number): number {
  let count = 0;
  for (let at = value.indexOf(','); at >= 0 && count <= limit; at = value.indexOf(',', at + 1)) {
    count += 1;
  }
  return count;
}
