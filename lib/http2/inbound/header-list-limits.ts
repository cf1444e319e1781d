import type { Http2ConnectionOptions } from '../connection-options.js';
import { headerListSize } from '../header-list-size.js';
import { ENTRY_OVERHEAD } from '../hpack/index.js';

/** What a header list may have, counted with the values of its lists. */
type Limits = Pick<Http2ConnectionOptions, 'maxHeaderListSize' | 'maxHeaders' | 'listNameSuffix'>;

/**
 * Limits header lists in which one header holds many values: each value counts as a header of its own,
 * before anything is made of it. Headers as such are counted while they are decompressed.
 */
export class HeaderListLimits {
  readonly #limits: Limits;
  /** Looked at first: most names end otherwise, and `endsWith` takes its time. */
  readonly #lastOfSuffix: number;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#lastOfSuffix = limits.listNameSuffix.charCodeAt(limits.listNameSuffix.length - 1);
  }

  /** Whether a list, which is within the limits as headers go, is within them by its values. */
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

/** Looks no further than to one comma more than `limit`. */
function commasIn(value: string, limit: number): number {
  let count = 0;
  for (let at = value.indexOf(','); at >= 0 && count <= limit; at = value.indexOf(',', at + 1)) {
    count += 1;
  }
  return count;
}
