import { ENTRY_OVERHEAD } from './limits.js';

/** Entries that there is room for at first; most connections need no more than twice that. */
const FIRST_CAPACITY = 16;

/** Told of an entry that leaves the table; `id` is what `insert` returned for it. */
export type OnEvict = (name: string, value: string, id: number) => void;

/**
 * The dynamic table (RFC 7541, 2.3.2 and 4): a ring, so that inserting, evicting and looking up take
 * the same few steps whatever its size. Both ends of a connection use it, each for its own direction.
 *
 * Entries have ids, counted from 1 as they are inserted; the newest has the id `inserted`. `names` and
 * `values` are open for the sake of speed: the entry at `slotOf(id)` is theirs to read.
 */
export class DynamicTable {
  names: string[] = new Array<string>(FIRST_CAPACITY).fill('');
  values: string[] = new Array<string>(FIRST_CAPACITY).fill('');
  #maxSize: number;
  #size = 0;
  #count = 0;
  #inserted = 0;
  readonly #onEvict: OnEvict | undefined;

  /** @param maxSize - bytes, as RFC 7541, 4.1 counts them. */
  constructor(maxSize: number, onEvict?: OnEvict) {
    this.#maxSize = maxSize;
    this.#onEvict = onEvict;
  }

  /** Bytes that the entries may count for. */
  get maxSize(): number {
    return this.#maxSize;
  }

  /** Entries in the table. */
  get count(): number {
    return this.#count;
  }

  /** Entries that were ever inserted: the id of the newest. */
  get inserted(): number {
    return this.#inserted;
  }

  /** Where the entry is in `names` and `values`. */
  slotOf(id: number): number {
    return id & (this.names.length - 1);
  }

  /**
   * Adds an entry, and evicts the oldest until it fits; one that does not fit into an empty table
   * leaves it empty (RFC 7541, 4.4).
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

  /** Changes the maximum size, and evicts what no longer fits. */
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
    this.names = new Array<string>(2 * names.length).fill('');
    this.values = new Array<string>(2 * names.length).fill('');
    for (let id = this.#inserted - this.#count + 1; id <= this.#inserted; id++) {
      this.names[this.slotOf(id)] = names[id & oldMask]!;
      this.values[this.slotOf(id)] = values[id & oldMask]!;
    }
  }
}

/** Bytes that an entry counts for (RFC 7541, 4.1). */
export function entrySize(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}
