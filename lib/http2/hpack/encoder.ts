import type { ByteWriter } from '../outbound/byte-writer.js';
import { entrySize } from './dynamic-table.js';
import { EncoderTable, type KnownName } from './encoder-table.js';
import { Indexing, SECRET_NAMES, VARYING_NAMES } from './indexing.js';
import { MAX_INTEGER_LENGTH, writeInteger } from './integer.js';
import { DEFAULT_TABLE_SIZE, MAX_INTEGER, verifyBytes } from './limits.js';
import { STRING_OVERHEAD, writeString } from './string-literal.js';

/** Settings of an encoder. */
export interface HpackEncoderOptions {
  /**
   * Bytes of the dynamic table that are used at most, whatever the peer offers. Default 4096, which
   * is what every peer offers until it says something else.
   */
  maxTableSize?: number;
  /** Lower-case names whose value differs from message to message, besides `VARYING_NAMES`. */
  varyingNames?: Iterable<string>;
  /** Lower-case names that are sent as never indexed, besides `SECRET_NAMES`. */
  secretNames?: Iterable<string>;
}

/** Bits of the first octet of each kind of field (RFC 7541, 6), and of the integer in it. */
const INDEXED = 0x80;
const INDEXED_MASK = 0x7f;
const INSERTED = 0x40;
const INSERTED_MASK = 0x3f;
const NEVER_INDEXED = 0x10;
const NOT_INDEXED = 0x00;
const NOT_INDEXED_MASK = 0x0f;
const SIZE_UPDATE = 0x20;
const SIZE_UPDATE_MASK = 0x1f;

/** Characters of literals that are kept as they were written, one for each name that is in a fixed list. */
const SHORTEST_KEPT = 32;
const LONGEST_KEPT = 4096;

const DEFAULT_EXCEPTIONS = exceptions([], []);
/** Of lists that many encoders share, so that they need not all keep a map of their own. */
const sharedExceptions = new WeakMap<Iterable<string>, ReadonlyMap<string, Indexing>>();

/**
 * Compresses the header blocks that go out on a connection (RFC 7541). They must be sent in the order
 * in which they were encoded, and all of them: each changes the table that the next one refers to.
 *
 * A header that a table has is sent as its index. Any other goes into the dynamic table, unless it
 * has a name of `VARYING_NAMES` or `SECRET_NAMES` or takes more than half of the table. Huffman code is
 * used where it is shorter.
 */
export class HpackEncoder {
  readonly #ownMaxTableSize: number;
  readonly #table: EncoderTable;
  /** The table's size as the peer knows it; Infinity if its table is to be emptied. */
  #announcedSize = DEFAULT_TABLE_SIZE;
  /** The smallest size since then. */
  #smallestSize: number;

  /** @throws HpackError `ERR_HPACK_CONFIG` naming a bad option. */
  constructor(options: HpackEncoderOptions = {}) {
    const { maxTableSize = DEFAULT_TABLE_SIZE, varyingNames, secretNames } = options;
    this.#ownMaxTableSize = verifyBytes('maxTableSize', maxTableSize, MAX_INTEGER);
    this.#smallestSize = Math.min(maxTableSize, DEFAULT_TABLE_SIZE);
    this.#table = new EncoderTable(this.#smallestSize, exceptionsOf(varyingNames, secretNames));
  }

  /**
   * The peer has sent SETTINGS_HEADER_TABLE_SIZE. The next block tells it what of that is used
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
   * If it throws, `out` is as it was before, nothing needs to be sent, and the encoder can go on: the
   * next block begins with emptying the peer's table, to be sure of what it holds.
   *
   * @param headers - name, value, name, value, and so on: one byte in each character, names in lower
   * case. Nothing else about them is checked.
   * @param secrets - names to be sent as never indexed in this block, besides the encoder's own.
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
    // Room for nothing but indices. Whoever writes anything else makes room for all this again.
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

/** Writes a value that no table will have; a long one, as a token is, is often the same as last time. */
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
