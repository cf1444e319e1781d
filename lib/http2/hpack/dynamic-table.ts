import { ENTRY_OVERHEAD } from './limits.js';

/** Capacity in entries of a table with its first entry; most connections need at most twice that. */
const FIRST_CAPACITY = 8;

/** Entries of an empty table, which has no capacity. */
const NO_ENTRIES: string[] = [];

/** Called for each evicted entry; `id` is the value of `inserted` right after its insertion. */
export type OnEvict = (name: string, value: string, id: number) => void;

/**
 * Dynamic table of one direction of a connection (RFC 7541, 2.3.2 and 4). A ring buffer: insertion,
 * eviction and lookup take constant time.
 *
 * Entries have ids, counted from 1 in the order of insertion; the newest has the id `inserted`. `names` and
 * `values` are public for speed: callers may read them at `slotOf(id)`.
 */
export class DynamicTable {
  names = NO_ENTRIES;
  values = NO_ENTRIES;
  #maxSize: number;
  #size = 0;
  #count = 0;
  #inserted = 0;
  readonly #onEvict: OnEvict | undefined;

  /** @param maxSize - maximum size in bytes, as RFC 7541, 4.1 counts them. */
  constructor(maxSize: number, onEvict?: OnEvict) {
    this.#maxSize = maxSize;
    this.#onEvict = onEvict;
  }

  /** Maximum size of all entries, in bytes (RFC 7541, 4.1). */
  get maxSize(): number {
    return this.#maxSize;
  }

  /** Number of entries in the table. */
  get count(): number {
    return this.#count;
  }

  /** Number of entries ever inserted: the id of the newest. */
  get inserted(): number {
    return this.#inserted;
  }

  /** Index of the entry in `names` and `values`. */
  slotOf(id: number): number {
    return id & (this.names.length - 1);
  }

  /**
   * Evicts the oldest entries until the new entry fits, then adds the new entry. An entry that is too large
   * for an empty table empties the table and is not added (RFC 7541, 4.4).
   */
  insert(name: string, value: string): void {
    const size = entrySize(name, value);
    this.#evictDownTo(this.#maxSize - size);
    if (size > this.#maxSize) return;
    if (this.#count === this.names.length) this.#grow();
    this.#inserted += 1;
    const slot = this.slotOf(this.#inserted);
    this.names[slot] = name;
    this.values[slot] = value;
    this.#count += 1;
    this.#size += size;
  }

  /** Changes the maximum size, and evicts entries that no longer fit. */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evictDownTo(maxSize);
  }

  /** Evicts all entries. */
  clear(): void {
    this.#evictDownTo(0);
  }

  #evictDownTo(size: number): void {
    while (this.#size > size && this.#count > 0) {
      const id = this.#inserted - this.#count + 1;
      const slot = this.slotOf(id);
      const name = this.names[slot]!;
      const value = this.values[slot]!;
      this.names[slot] = '';
      this.values[slot] = '';
      this.#size -= entrySize(name, value);
      this.#count -= 1;
      this.#onEvict?.(name, value, id);
    }
  }

  #grow(): void {
    const { names, values } = this;
    const oldMask = names.length - 1;
    const capacity = Math.max(FIRST_CAPACITY, 2 * names.length);
    this.names = new Array<string>(capacity).fill('');
    this.values = new Array<string>(capacity).fill('');
    for (let id = this.#inserted - this.#count + 1; id <= this.#inserted; id++) {
      this.names[this.slotOf(id)] = names[id & oldMask]!;
      this.values[this.slotOf(id)] = values[id & oldMask]!;
    }
  }
}

/** Size of an entry in bytes (RFC 7541, 4.1). */
export function entrySize(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}
