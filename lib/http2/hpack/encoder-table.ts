import { DynamicTable } from './dynamic-table.js';
import { Indexing } from './indexing.js';
import { STATIC_BY_NAME, STATIC_COUNT, type StaticName } from './static-table.js';

/** What the tables hold of one name; only `EncoderTable` changes it. */
export interface KnownName {
  readonly name: string;
  readonly indexing: Indexing;
  readonly inStatic: StaticName | undefined;
  /** Its newest entry in the dynamic table; 0 if there is none. */
  newestId: number;
  /** Its entries in the dynamic table, by value, once it has had more than one. No two are the same. */
  ids: Map<string, number> | undefined;
  /** The value that was found last, mostly the one that is asked for next. */
  lastValue: string | undefined;
  /** Where that was: an id of the dynamic table, a negative index of the static one, 0 if it is gone. */
  lastFound: number;
  /** The long value that was last written as a literal, and what was written. */
  lastLiteral: { readonly value: string; readonly bytes: Uint8Array } | undefined;
}

/**
 * Both tables as the encoder needs them: from a name, or a name and a value, to the index (RFC 7541,
 * 2.3.3). Holds as many names as the dynamic table has entries, besides those of fixed lists.
 */
export class EncoderTable {
  readonly #names = new Map<string, KnownName>();
  readonly #entries: DynamicTable;
  /** Names that are not indexed like others. */
  readonly #exceptions: ReadonlyMap<string, Indexing>;

  constructor(maxSize: number, exceptions: ReadonlyMap<string, Indexing>) {
    this.#exceptions = exceptions;
    this.#entries = new DynamicTable(maxSize, (name, value, id) => this.#forget(name, value, id));
  }

  get maxSize(): number {
    return this.#entries.maxSize;
  }

  /** Changes the maximum size of the dynamic table, and evicts what no longer fits. */
  resize(maxSize: number): void {
    this.#entries.resize(maxSize);
  }

  /** Evicts all entries of the dynamic table. */
  clear(): void {
    this.#entries.clear();
  }

  /** What is known of a name; good until the next `insert`. */
  lookUp(name: string): KnownName {
    return this.#names.get(name) ?? this.#learn(name);
  }

  /** The index of an entry with this name and this value; 0 if there is none, or it is a secret. */
  indexOf(known: KnownName, value: string): number {
    if (known.lastValue !== value && !this.#find(known, value)) return 0;
    const found = known.lastFound;
    return found > 0 ? this.#indexOfId(found) : -found;
  }

  /** The index of any entry with this name, or 0. */
  nameIndexOf(known: KnownName): number {
    if (known.inStatic !== undefined) return known.inStatic.index;
    return known.newestId > 0 ? this.#indexOfId(known.newestId) : 0;
  }

  /** Adds an entry to the dynamic table, which has none like it, and for which it must be large enough. */
  insert(known: KnownName, value: string): void {
    const entries = this.#entries;
    entries.insert(known.name, value);
    const id = entries.inserted;
    // Most names have one value for as long as the connection lives, and need no map for it.
    if (known.newestId > 0)
      known.ids ??= new Map([[this.#valueOf(known.newestId), known.newestId]]);
    known.newestId = id;
    known.ids?.set(value, id);
    known.lastValue = value;
    known.lastFound = id;
    // Making room may just have evicted the last entry with this name, and the name with it.
    this.#names.set(known.name, known);
  }

  #indexOfId(id: number): number {
    return STATIC_COUNT + 1 + this.#entries.inserted - id;
  }

  #find(known: KnownName, value: string): boolean {
    if (known.indexing === Indexing.Never) return false;
    const id = this.#idOf(known, value);
    const index = id === undefined ? known.inStatic?.values.get(value) : undefined;
    if (id === undefined && index === undefined) return false;
    known.lastValue = value;
    known.lastFound = id ?? -index!;
    return true;
  }

  #idOf({ ids, newestId }: KnownName, value: string): number | undefined {
    if (ids !== undefined) return ids.get(value);
    return newestId > 0 && this.#valueOf(newestId) === value ? newestId : undefined;
  }

  #valueOf(id: number): string {
    return this.#entries.values[this.#entries.slotOf(id)]!;
  }

  #learn(name: string): KnownName {
    const exception = this.#exceptions.get(name);
    const known: KnownName = {
      name,
      indexing: exception ?? Indexing.Insert,
      inStatic: STATIC_BY_NAME.get(name),
      newestId: 0,
      ids: undefined,
      lastValue: undefined,
      lastFound: 0,
      lastLiteral: undefined,
    };
    if (exception !== undefined || known.inStatic !== undefined) this.#names.set(name, known);
    return known;
  }

  #forget(name: string, value: string, id: number): void {
    const known = this.#names.get(name)!;
    known.ids?.delete(value);
    if (known.lastFound === id) known.lastFound = 0;
    if (known.newestId !== id) return;
    known.newestId = 0;
    this.#names.delete(name);
  }
}
