import { BlockReader } from './block-reader.js';
import { DynamicTable } from './dynamic-table.js';
import { HpackError } from './errors.js';
import { DEFAULT_TABLE_SIZE, ENTRY_OVERHEAD, MAX_INTEGER, verifyBytes } from './limits.js';
import { STATIC_COUNT, STATIC_NAMES, STATIC_VALUES } from './static-table.js';

/** Bytes of a header list that are reported if nothing else is said; as many as `node:http2` takes. */
const DEFAULT_MAX_HEADER_LIST_SIZE = 65_536;

/**
 * Receives one header. Name and value have one character for each byte; nothing about them was
 * checked. `neverIndexed` headers must stay so when they are sent on (RFC 7541, 6.2.3). Must not throw.
 */
export type OnHeader = (name: string, value: string, neverIndexed: boolean) => void;

/** Limits of a decoder, in bytes. */
export interface HpackDecoderOptions {
  /**
   * What the peer's dynamic table may grow to; the peer's table starts with it too, but with no more
   * than 4096. Give it what the peer knows as our SETTINGS_HEADER_TABLE_SIZE: 4096, the default, until it
   * has acknowledged something else, and then call `setMaxTableSize`. At most 2147483647.
   */
  maxTableSize?: number;
  /**
   * Names, values and 32 for each header, of the longest header list that is reported in full: our
   * SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113, 6.5.2). Default 65536; Infinity for no limit.
   */
  maxHeaderListSize?: number;
  /** Headers of the longest list that is reported in full. Default: no limit but that of their size. */
  maxHeaders?: number;
}

/**
 * Decompresses the header blocks that come in on a connection (RFC 7541), in the order in which they
 * come: each changes the table that the next one refers to, so none may be left out.
 *
 * An error of it is the end of the connection, for that reason; afterwards it must not be used.
 */
export class HpackDecoder {
  readonly #maxHeaderListSize: number;
  readonly #maxHeaders: number;
  readonly #reader = new BlockReader();
  readonly #table: DynamicTable;
  /** What an update in a block may set the table's size to. */
  #maxTableSize: number;
  /** What the next block must set it to, or less, first of all. */
  #owedTableSize: number | undefined;

  /** @throws HpackError `ERR_HPACK_CONFIG` naming a bad option. */
  constructor(options: HpackDecoderOptions = {}) {
    const { maxTableSize = DEFAULT_TABLE_SIZE, maxHeaderListSize = DEFAULT_MAX_HEADER_LIST_SIZE } =
      options;
    this.#maxHeaders = options.maxHeaders ?? Infinity;
    this.#maxTableSize = verifyBytes('maxTableSize', maxTableSize, MAX_INTEGER);
    this.#maxHeaderListSize =
      maxHeaderListSize === Infinity
        ? Infinity
        : verifyBytes('maxHeaderListSize', maxHeaderListSize, Number.MAX_SAFE_INTEGER);
    this.#table = new DynamicTable(Math.min(maxTableSize, DEFAULT_TABLE_SIZE));
  }

  /**
   * The peer has acknowledged our SETTINGS_HEADER_TABLE_SIZE. Where that is less than its table may
   * hold, the next block must begin with an update that says so (RFC 7541, 4.2).
   *
   * @throws HpackError `ERR_HPACK_CONFIG`
   */
  setMaxTableSize(bytes: number): void {
    this.#maxTableSize = verifyBytes('maxTableSize', bytes, MAX_INTEGER);
    if (bytes >= this.#table.maxSize) return;
    this.#owedTableSize = bytes;
    this.#table.resize(bytes);
  }

  /**
   * Reads one complete header block, the bytes of `block` from `start` to `end`, in place.
   *
   * Returns whether all headers were reported. If not, the list is beyond `maxHeaderListSize` or
   * `maxHeaders`: those before the one that did not fit were. The block was still read to its end, to keep up with
   * the peer's table; what that takes grows with the block, not with what it stands for.
   *
   * @throws HpackError any but `ERR_HPACK_CONFIG` and `ERR_HPACK_NOT_LATIN1`: COMPRESSION_ERROR.
   */
  decode(block: Buffer, start: number, end: number, onHeader: OnHeader): boolean {
    const reader = this.#reader;
    reader.open(block, start, end);
    this.#readSizeUpdates(block, end);
    let left = this.#maxHeaderListSize;
    let fields = 0;
    while (reader.offset < end) {
      if (fields++ === this.#maxHeaders) left = -1;
      const first = block[reader.offset]!;
      left =
        first >= 0x80
          ? this.#readIndexed(left, onHeader)
          : this.#readLiteral(first, left, onHeader);
    }
    reader.close();
    return left >= 0;
  }

  #readSizeUpdates(block: Buffer, end: number): void {
    const reader = this.#reader;
    while (reader.offset < end && (block[reader.offset]! & 0xe0) === 0x20) {
      const size = reader.integer(0x1f);
      const limit = this.#owedTableSize ?? this.#maxTableSize;
      if (size > limit) {
        throw badTableSize(`a dynamic table size update to ${size} where ${limit} is the limit`);
      }
      this.#owedTableSize = undefined;
      this.#table.resize(size);
    }
    if (this.#owedTableSize !== undefined) {
      throw badTableSize(
        `no dynamic table size update after SETTINGS_HEADER_TABLE_SIZE was lowered to ${this.#owedTableSize}`,
      );
    }
  }

  /** Reads an indexed field (RFC 7541, 6.1). Returns what is left of the list's limit. */
  #readIndexed(left: number, onHeader: OnHeader): number {
    const index = this.#reader.integer(0x7f);
    let name: string;
    let value: string;
    if (index > STATIC_COUNT) {
      const slot = this.#slotOf(index);
      name = this.#table.names[slot]!;
      value = this.#table.values[slot]!;
    } else if (index > 0) {
      name = STATIC_NAMES[index]!;
      value = STATIC_VALUES[index]!;
    } else {
      throw noEntry(index);
    }
    const rest = left - name.length - value.length - ENTRY_OVERHEAD;
    if (rest >= 0) onHeader(name, value, false);
    return rest;
  }

  /** Reads a literal field (RFC 7541, 6.2). Returns what is left of the list's limit. */
  #readLiteral(first: number, left: number, onHeader: OnHeader): number {
    const reader = this.#reader;
    const table = this.#table;
    const isInserted = first >= 0x40;
    if (!isInserted && first >= 0x20) {
      throw badTableSize('a dynamic table size update behind the first header of a block');
    }
    // What neither the list nor the table has room for is not made into strings.
    const maxLength = Math.max(left, isInserted ? table.maxSize : 0) - ENTRY_OVERHEAD;
    const index = reader.integer(isInserted ? 0x3f : 0x0f);
    const name = index === 0 ? reader.string(maxLength) : this.#nameAt(index);
    const nameLength = name === undefined ? reader.stringLength : name.length;
    const value = reader.string(maxLength - nameLength);
    const rest = left - nameLength - reader.stringLength - ENTRY_OVERHEAD;
    if (name === undefined || value === undefined) {
      if (isInserted) table.clear();
      return rest;
    }
    if (isInserted) table.insert(name, value);
    if (rest >= 0) onHeader(name, value, first >= 0x10 && !isInserted);
    return rest;
  }

  #nameAt(index: number): string {
    return index <= STATIC_COUNT ? STATIC_NAMES[index]! : this.#table.names[this.#slotOf(index)]!;
  }

  /** Where the entry with an index above the static ones is in the dynamic table. */
  #slotOf(index: number): number {
    const table = this.#table;
    const age = index - STATIC_COUNT - 1;
    if (age >= table.count) throw noEntry(index);
    return table.slotOf(table.inserted - age);
  }
}

function noEntry(index: number): HpackError {
  return new HpackError(
    'ERR_HPACK_INDEX',
    `a header block refers to entry ${index}, which does not exist`,
  );
}

function badTableSize(problem: string): HpackError {
  return new HpackError('ERR_HPACK_TABLE_SIZE', problem);
}
