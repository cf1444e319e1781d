import type { ByteWriter } from './byte-writer.js';
import { entrySize } from './dynamic-table.js';
import { EncoderTable, type KnownName } from './encoder-table.js';
import { Indexing, SECRET_NAMES, VARYING_NAMES } from './indexing.js';
import { MAX_INTEGER_LENGTH, writeInteger } from './integer.js';
import { DEFAULT_TABLE_SIZE, MAX_INTEGER, verifyBytes } from './limits.js';
import { STRING_OVERHEAD, writeString } from './string-literal.js';

/** Options of an encoder. */
export interface HpackEncoderOptions {
  /**
   * Maximum size of the dynamic table in bytes, even if the peer allows more. Default 4096, which every
   * peer allows initially. At most 2147483647.
   */
  maxTableSize?: number;
  /** Lower-case names whose value differs in each message, in addition to `VARYING_NAMES`. */
  varyingNames?: Iterable<string>;
  /** Lower-case names that are sent as never indexed, in addition to `SECRET_NAMES`. */
  secretNames?: Iterable<string>;
}

/** Pattern of the first octet of each kind of field (RFC 7541, 6), and mask of the integer in it. */
const INDEXED = 0x80;
const INDEXED_MASK = 0x7f;
const INSERTED = 0x40;
const INSERTED_MASK = 0x3f;
const NEVER_INDEXED = 0x10;
const NOT_INDEXED = 0x00;
const NOT_INDEXED_MASK = 0x0f;
const SIZE_UPDATE = 0x20;
const SIZE_UPDATE_MASK = 0x1f;

/** Lengths, in characters, of literals whose encoding is cached: one for each name in the `EncoderTable`. */
const SHORTEST_KEPT = 32;
const LONGEST_KEPT = 4096;

const DEFAULT_EXCEPTIONS = exceptions([], []);
/** Maps for frozen lists of varying names, so that encoders with the same list share one map. */
const sharedExceptions = new WeakMap<Iterable<string>, ReadonlyMap<string, Indexing>>();

/**
 * Compresses the header blocks that a connection sends (RFC 7541). All blocks must be sent, in the order in
 * which they were encoded: each changes the table that the next one refers to.
 *
 * A header that is in a table is sent as its index. Any other header is added to the dynamic table, unless
 * its name is varying and in a table already, or its name is secret, or it takes more than half of the
 * table. Huffman code is used where it is shorter.
 */
export class HpackEncoder {
  readonly #ownMaxTableSize: number;
  readonly #table: EncoderTable;
  /** Table size that was last announced to the peer; Infinity after a failed `encode`. */
  #announcedSize = DEFAULT_TABLE_SIZE;
  /** Smallest table size since the last announcement. */
  #smallestSize: number;

  /** @throws HpackError `ERR_HPACK_CONFIG` naming a bad option. */
  constructor(options: HpackEncoderOptions = {}) {
    const { maxTableSize = DEFAULT_TABLE_SIZE, varyingNames, secretNames } = options;
    this.#ownMaxTableSize = verifyBytes('maxTableSize', maxTableSize, MAX_INTEGER);
    this.#smallestSize = Math.min(maxTableSize, DEFAULT_TABLE_SIZE);
    this.#table = new EncoderTable(this.#smallestSize, exceptionsOf(varyingNames, secretNames));
  }

  /**
   * Applies the peer's SETTINGS_HEADER_TABLE_SIZE. The next block announces the size that is used
   * (RFC 7541, 4.2).
   *
   * @throws HpackError `ERR_HPACK_CONFIG`
   */
  setMaxTableSize(bytes: number): void {
    const size = Math.min(verifyBytes('maxTableSize', bytes, 0xffff_ffff), this.#ownMaxTableSize);
    this.#smallestSize = Math.min(this.#smallestSize, size);
    this.#table.resize(size);
  }

  /**
   * Appends one header block to `out`.
   *
   * After an error, `out` is unchanged and the encoder remains usable: the next block begins with an
   * update that empties the peer's table.
   *
   * @param headers - flat list: name, value, name, value. Each character must be one byte; names must be
   * in lower case, which is not checked.
   * @param secrets - names that are sent as never indexed in this block, in addition to the encoder's own.
   * @throws HpackError `ERR_HPACK_NOT_LATIN1`
   */
  encode(headers: readonly string[], out: ByteWriter, secrets?: ReadonlySet<string>): void {
    const start = out.offset;
    try {
      this.#writeSizeUpdates(out);
      this.#writeFields(headers, out, secrets);
    } catch (error) {
      out.offset = start;
      this.#table.clear();
      this.#announcedSize = Infinity;
      this.#smallestSize = 0;
      throw error;
    }
  }

  #writeSizeUpdates(out: ByteWriter): void {
    const size = this.#table.maxSize;
    if (this.#smallestSize < this.#announcedSize) this.#writeSizeUpdate(out, this.#smallestSize);
    if (size !== this.#announcedSize) this.#writeSizeUpdate(out, size);
    this.#smallestSize = size;
  }

  #writeSizeUpdate(out: ByteWriter, size: number): void {
    out.ensure(MAX_INTEGER_LENGTH);
    out.offset = writeInteger(out.bytes, out.offset, SIZE_UPDATE, SIZE_UPDATE_MASK, size);
    this.#announcedSize = size;
  }

  #writeFields(
    headers: readonly string[],
    out: ByteWriter,
    secrets: ReadonlySet<string> | undefined,
  ): void {
    const table = this.#table;
    // Room for indices only. `#writeLiteral` makes room for its literal and for `room` again.
    const room = (headers.length / 2) * MAX_INTEGER_LENGTH;
    out.ensure(room);
    let { bytes, offset } = out;
    for (let i = 0; i < headers.length; i += 2) {
      const known = table.lookUp(headers[i]!);
      const value = headers[i + 1]!;
      const isSecret = secrets !== undefined && secrets.has(known.name);
      const index = isSecret ? 0 : table.indexOf(known, value);
      if (index > 0) {
        offset = writeInteger(bytes, offset, INDEXED, INDEXED_MASK, index);
        continue;
      }
      out.offset = offset;
      this.#writeLiteral(known, value, isSecret ? Indexing.Never : known.indexing, room, out);
      ({ bytes, offset } = out);
    }
    out.offset = offset;
  }

  #writeLiteral(
    known: KnownName,
    value: string,
    indexing: Indexing,
    room: number,
    out: ByteWriter,
  ): void {
    const table = this.#table;
    const { name } = known;
    const nameIndex = table.nameIndexOf(known);
    const inserts =
      (indexing === Indexing.Insert || (indexing === Indexing.NameOnly && nameIndex === 0)) &&
      2 * entrySize(name, value) <= table.maxSize;

    out.ensure(MAX_INTEGER_LENGTH + name.length + value.length + 2 * STRING_OVERHEAD + room);
    const { bytes } = out;
    let { offset } = out;
    if (inserts) {
      offset = writeInteger(bytes, offset, INSERTED, INSERTED_MASK, nameIndex);
    } else {
      const kind = indexing === Indexing.Never ? NEVER_INDEXED : NOT_INDEXED;
      offset = writeInteger(bytes, offset, kind, NOT_INDEXED_MASK, nameIndex);
    }
    if (nameIndex === 0) offset = writeString(bytes, offset, name);
    out.offset = inserts
      ? writeString(bytes, offset, value)
      : writeRepeated(bytes, offset, known, value);
    if (inserts) table.insert(known, value);
  }
}

/** Writes a value that is not added to a table. Caches long values, such as tokens, which often repeat. */
function writeRepeated(
  target: Uint8Array,
  offset: number,
  known: KnownName,
  value: string,
): number {
  const isWorthIt = value.length >= SHORTEST_KEPT && value.length <= LONGEST_KEPT;
  if (!isWorthIt) return writeString(target, offset, value);
  if (known.lastLiteral?.value !== value) {
    const end = writeString(target, offset, value);
    known.lastLiteral = { value, bytes: new Uint8Array(target.subarray(offset, end)) };
    return end;
  }
  target.set(known.lastLiteral.bytes, offset);
  return offset + known.lastLiteral.bytes.length;
}

function exceptionsOf(
  varying: Iterable<string> | undefined,
  secrets: Iterable<string> | undefined,
): ReadonlyMap<string, Indexing> {
  if (secrets !== undefined) return exceptions(varying ?? [], secrets);
  if (varying === undefined) return DEFAULT_EXCEPTIONS;
  if (!Object.isFrozen(varying)) return exceptions(varying, []);
  const known = sharedExceptions.get(varying) ?? exceptions(varying, []);
  sharedExceptions.set(varying, known);
  return known;
}

function exceptions(
  varying: Iterable<string>,
  secrets: Iterable<string>,
): ReadonlyMap<string, Indexing> {
  const map = new Map<string, Indexing>();
  for (const name of [...VARYING_NAMES, ...varying]) map.set(name, Indexing.NameOnly);
  for (const name of [...SECRET_NAMES, ...secrets]) map.set(name, Indexing.Never);
  return map;
}
