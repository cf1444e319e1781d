import { DynamicTable } from './dynamic-table.js';
import { Indexing } from './indexing.js';
import { STATIC_BY_NAME, STATIC_COUNT, type StaticName } from './static-table.js';

/** Entries of both tables with one name. `EncoderTable` updates all members except `lastLiteral`. */
export interface KnownName {
  readonly name: string;
  readonly indexing: Indexing;
  readonly inStatic: StaticName | undefined;
  /** Id of the newest dynamic entry; 0 if there is none. */
  newestId: number;
  /** Ids of the dynamic entries by value, once there was more than one entry. Values are unique. */
  ids: Map<string, number> | undefined;
  /** The value that was found last; most lookups ask for it again. */
  lastValue: string | undefined;
  /** Place of `lastValue`: an id of the dynamic table, a negated static index, or 0 once evicted. */
  lastFound: number;
  /** The last long value that was written as a literal, with its encoded bytes. Set by the encoder. */
  lastLiteral: { readonly value: string; readonly bytes: Uint8Array } | undefined;
}

/**
 * Maps a name, or a name and a value, to an index of the static or dynamic table (RFC 7541, 2.3.3).
 * Stores a `KnownName` for each name in the dynamic table, and for each name of the static table or of the
 * exceptions that was looked up.
 */
export class EncoderTable {
  readonly #names = new Map<string, KnownName>();
  readonly #entries: DynamicTable;
  /** Names with an indexing other than `Insert`. */
  readonly #exceptions: ReadonlyMap<string, Indexing>;

  constructor(maxSize: number, exceptions: ReadonlyMap<string, Indexing>) {
    this.#exceptions = exceptions;
    this.#entries = new DynamicTable(maxSize, (name, value, id) => this.#forget(name, value, id));
  }

  get maxSize(): number {
    return this.#entries.maxSize;
  }

  /** Changes the maximum size of the dynamic table, and evicts entries that no longer fit. */
  resize(maxSize: number): void {
    this.#entries.resize(maxSize);
  }

  /** Evicts all entries of the dynamic table. */
  clear(): void {
    this.#entries.clear();
  }

  /** Returns the entries of a name; valid until the next `insert`. */
  lookUp(name: string): KnownName {
    return this.#names.get(name) ?? this.#learn(name);
  }

  /** Index of the entry with this name and value; 0 if there is none, or if the name is a secret. */
  indexOf(known: KnownName, value: string): number {
    if (known.lastValue !== value && !this.#find(known, value)) return 0;
    const found = known.lastFound;
    return found > 0 ? this.#indexOfId(found) : -found;
  }

  /** Index of any entry with this name; 0 if there is none. */
  nameIndexOf(known: KnownName): number {
    if (known.inStatic !== undefined) return known.inStatic.index;
    return known.newestId > 0 ? this.#indexOfId(known.newestId) : 0;
  }

  /** Adds an entry to the dynamic table, which must be large enough and must not have the entry yet. */
  insert(known: KnownName, value: string): void {
    const entries = this.#entries;
    entries.insert(known.name, value);
    const id = entries.inserted;
    // Most names have one value for the lifetime of the connection, and need no map.
    if (known.newestId > 0)
      known.ids ??= new Map([[this.#valueOf(known.newestId), known.newestId]]);
    known.newestId = id;
    known.ids?.set(value, id);
    known.lastValue = value;
    known.lastFound = id;
    // The insertion may have evicted the last entry with this name, and removed the name with it.
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
