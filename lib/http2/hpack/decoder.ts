import { BlockReader } from './block-reader.js';
import { DynamicTable } from './dynamic-table.js';
import { HpackError } from './errors.js';
import { DEFAULT_TABLE_SIZE, ENTRY_OVERHEAD, MAX_INTEGER, verifyBytes } from './limits.js';
import { STATIC_COUNT, STATIC_NAMES, STATIC_VALUES } from './static-table.js';

/** Default of `maxHeaderListSize`, in bytes; the same as in `node:http2`. */
const DEFAULT_MAX_HEADER_LIST_SIZE = 65_536;

/**
 * Receives one header. Name and value have one character for each byte, and are not validated. A header
 * that is `neverIndexed` must be forwarded as such (RFC 7541, 6.2.3). Must not throw.
 */
export type OnHeader = (name: string, value: string, neverIndexed: boolean) => void;

/** Limits of a decoder. */
export interface HpackDecoderOptions {
  /**
   * Maximum size of the peer's dynamic table; the table starts with this size, but at most 4096. Must not be
   * less than the SETTINGS_HEADER_TABLE_SIZE that the peer uses: 4096, the default, until the peer has
   * acknowledged ours. Then call `setMaxTableSize`. At most 2147483647.
   */
  maxTableSize?: number;
  /**
   * Largest header list that is reported in full: bytes of names and values, plus 32 for each header. Our
   * SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113, 6.5.2). Default 65536; Infinity for no limit.
   */
  maxHeaderListSize?: number;
  /** Maximum number of headers in a list that is reported in full. Default: no limit. */
  maxHeaders?: number;
}

/**
 * Decompresses the header blocks that a connection receives (RFC 7541). Blocks must be decoded in the
 * order of arrival, and none may be skipped: each changes the table that the next one refers to.
 *
 * After an error of `decode` the tables no longer agree: the connection must end, and the decoder must
 * not be used again.
 */
export class HpackDecoder {
  readonly #maxHeaderListSize: number;
  readonly #maxHeaders: number;
  readonly #reader = new BlockReader();
  readonly #table: DynamicTable;
  /** Maximum that a size update in a block may set. */
  #maxTableSize: number;
  /** If set, the next block must begin with a size update to this size or less. */
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
   * Applies our SETTINGS_HEADER_TABLE_SIZE after the peer has acknowledged it. If that is less than the
   * table's current maximum, the next block must begin with a size update (RFC 7541, 4.2).
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
   * Decodes one complete header block: the bytes of `block` from `start` to `end`.
   *
   * Returns whether all headers were reported. If not, the list exceeds `maxHeaderListSize` or
   * `maxHeaders`, and only the headers before the excess were reported. The block is always read to its
   * end, to keep the table in step with the peer; the cost grows with the block, not with the list.
   *
   * @throws HpackError of any code but `ERR_HPACK_CONFIG` and `ERR_HPACK_NOT_LATIN1`; in HTTP/2 this is a
   * COMPRESSION_ERROR.
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

  /**
   * Reads an indexed field (RFC 7541, 6.1).
   *
   * @param left - bytes that are left of `maxHeaderListSize`.
   * @returns the bytes that are left after the field; negative beyond the limit.
   */
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

  /** Reads a literal field (RFC 7541, 6.2). Parameter and result are those of `#readIndexed`. */
  #readLiteral(first: number, left: number, onHeader: OnHeader): number {
    const reader = this.#reader;
    const table = this.#table;
    const isInserted = first >= 0x40;
    if (!isInserted && first >= 0x20) {
      throw badTableSize('a dynamic table size update behind the first header of a block');
    }
    // Strings that fit neither the list nor the table are not created.
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

  /** Slot of the dynamic table entry with this index. */
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
