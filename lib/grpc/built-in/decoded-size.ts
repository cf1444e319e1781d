import { isText } from './is-text.js';

/** Messages up to this length are not scanned: the bound of their decoded size is small enough. */
const SMALL = 256;
/** Bytes that a byte is counted as which was not looked at: protobufjs makes so many of an empty sub-message. */
const BOUND_FACTOR = 32;

/** Bytes of an object with up to four properties, of a string besides its characters, of a view of bytes. */
const OBJECT = 56;
const STRING = 24;
const VIEW = 100;
/** Bytes of a place in an array that grows, which is all that most numbers take. */
const PLACE = 12;
/** Bytes of a further property of an object; and of each in an object that has become a hash table. */
const PROPERTY = 8;
const HASHED_PROPERTY = 64;
const INLINE_PROPERTIES = 4;
const UNHASHED_PROPERTIES = 128;

/** Of a longer array so many items are looked at: one of each part, at random, as the other end must not know which. */
const MOST_ITEMS = 256;
/** Bytes that an item of such an array tells at most about those that are not looked at: it may be the only large one. */
const MOST_OF_OTHERS = 16 * 1024;

/** Bytes that no byte of a message becomes: a bound for objects with circles. */
const MAX_FACTOR = 256;

/** How deep messages are looked into; protobufjs decodes no deeper. */
const MAX_DEPTH = 100;
/** Bytes of text from which on it is not taken for a message, even if it happens to be a well-formed one. */
const LEAST_TEXT = 64;

/** Bytes that a message of `length` bytes is counted as without a look at it. */
export function boundOfDecodedSize(length: number): number {
  return BOUND_FACTOR * length;
}

/**
 * Estimates the memory that a message takes when it is decoded, without its schema: each field of the
 * protobuf wire format counts, also those of sub-messages. Bytes that are not well-formed fields, or
 * only printable ASCII, count as a string. Takes time in proportion to the length of the message.
 *
 * @param most - the scan stops when the estimate is above it.
 * @returns bytes, at least the length of the message; figures of protobufjs on V8.
 */
export function estimateDecodedSize(message: Buffer, most = Infinity): number {
  if (message.length <= SMALL) return boundOfDecodedSize(message.length);
  return Math.max(message.length, new FieldScan(message, most).size());
}

/** Scans the fields of one message. */
class FieldScan {
  readonly #bytes: Buffer;
  readonly #most: number;
  /** Where the varint ends that was read last. */
  #at = 0;
  #size = OBJECT;

  constructor(bytes: Buffer, most: number) {
    this.#bytes = bytes;
    this.#most = most;
  }

  size(): number {
    this.#scanFields(0, this.#bytes.length, 0);
    return this.#size;
  }

  /** Returns whether all from `start` to `end` is well-formed. If not, what comes before that has been added. */
  #scanFields(start: number, end: number, depth: number): boolean {
    let at = start;
    while (at < end) {
      if (this.#size > this.#most) return true;
      const tag = this.#readVarint(at, end);
      if (tag < 8) return false;
      at = this.#scanValue(tag & 7, this.#at, end, depth);
      if (at < 0) return false;
    }
    return at === end;
  }

  /** Returns where the value ends that begins at `start`, or -1 if it is none. */
  #scanValue(wireType: number, start: number, end: number, depth: number): number {
    if (wireType === 2) return this.#scanContent(start, end, depth);
    this.#size += PLACE;
    if (wireType === 0) return this.#readVarint(start, end) < 0 ? -1 : this.#at;
    if (wireType === 1) return start + 8;
    if (wireType === 5) return start + 4;
    // Groups have no length of their own: their fields follow.
    return depth === 0 && wireType < 5 ? start : -1;
  }

  /** A string, bytes, or a message: nothing on the wire tells which. */
  #scanContent(lengthAt: number, end: number, depth: number): number {
    const length = this.#readVarint(lengthAt, end);
    const start = this.#at;
    const contentEnd = start + length;
    if (length < 0 || contentEnd > end) return -1;
    this.#size += PLACE + OBJECT;
    if (length > 0 && !this.#addMessage(start, contentEnd, depth)) {
      this.#size += STRING - OBJECT + length;
    }
    return contentEnd;
  }

  /** Adds the fields of what may be a message. Returns false, and adds nothing, if it is none. */
  #addMessage(start: number, end: number, depth: number): boolean {
    if (depth === MAX_DEPTH) return false;
    if (end - start >= LEAST_TEXT && isText(this.#bytes, start, end)) return false;
    const before = this.#size;
    if (this.#scanFields(start, end, depth + 1)) return true;
    this.#size = before;
    return false;
  }

  /** Returns -1 if there is none between `start` and `end`. */
  #readVarint(start: number, end: number): number {
    if (start >= end) return -1;
    const first = this.#bytes[start]!;
    if (first > 127) return this.#readLongVarint(first, start, end);
    this.#at = start + 1;
    return first;
  }

  #readLongVarint(first: number, start: number, end: number): number {
    const bytes = this.#bytes;
    let at = start + 1;
    let byte = first;
    let value = byte & 127;
    for (let scale = 128; byte > 127; scale *= 128) {
      if (at >= end || scale > 2 ** 56) return -1;
      byte = bytes[at]!;
      at += 1;
      value += (byte & 127) * scale;
    }
    this.#at = at;
    return value;
  }
}

/**
 * Measures the memory that a decoded message takes: plain objects, arrays, strings and bytes, as
 * deserializers make them. The object made of a small message is not looked at.
 *
 * @param length - bytes of the message that it was decoded from.
 * @param most - the measuring stops when the result is above it.
 * @returns bytes, at least `length`.
 */
export function measureDecodedSize(decoded: unknown, length: number, most = Infinity): number {
  if (length <= SMALL) return boundOfDecodedSize(length);
  try {
    const size = addSize(0, decoded, Math.min(most, MAX_FACTOR * length), 0);
    // A view of a few bytes keeps the whole message in memory.
    return Math.max(length, size);
  } catch {
    // A deserializer of the user's may make objects whose properties throw.
    return length;
  }
}

/** Returns `size` with that of `value` added. */
function addSize(size: number, value: unknown, most: number, depth: number): number {
  switch (typeof value) {
    case 'string':
      // V8 has strings of one character once.
      return value.length < 2 ? size : size + STRING + value.length;
    case 'object':
      if (value === null) return size;
      if (ArrayBuffer.isView(value)) return size + sizeOfView(value.byteLength);
      if (depth > MAX_DEPTH) return size + OBJECT;
      if (Array.isArray(value)) return addItems(size, value, most, depth);
      return addProperties(size, value as Record<string, unknown>, most, depth);
    default:
      return size;
  }
}

/** An empty one has an empty buffer of its own. */
function sizeOfView(byteLength: number): number {
  return byteLength === 0 ? 2 * VIEW : VIEW + byteLength;
}

function addItems(size: number, items: readonly unknown[], most: number, depth: number): number {
  const { length } = items;
  let sum = size + OBJECT + PLACE * length;
  const step = Math.max(1, length / MOST_ITEMS);
  for (let from = 0; from < length && sum <= most; from += step) {
    const at = step === 1 ? from : Math.floor(from + Math.random() * step);
    const item = items[at];
    if (typeof item === 'number') continue;
    const itemSize = addSize(0, item, most - sum, depth + 1);
    sum += itemSize + (step - 1) * Math.min(itemSize, MOST_OF_OTHERS);
  }
  return sum;
}

function addProperties(
  size: number,
  object: Record<string, unknown>,
  most: number,
  depth: number,
): number {
  let sum = size + OBJECT;
  let count = 0;
  if (isPlain(object)) {
    // Keys would take an array for each of a million objects.
    for (const name in object) {
      count += 1;
      sum = addSize(sum, object[name], most, depth + 1);
      if (sum > most) break;
    }
  } else {
    const names = Object.keys(object);
    count = names.length;
    for (let i = 0; i < count && sum <= most; i += 1) {
      sum = addSize(sum, object[names[i]!], most, depth + 1);
    }
  }
  return sum + sizeOfProperties(count);
}

/** Whether all enumerable properties are its own. */
function isPlain(object: object): boolean {
  return Object.getPrototypeOf(object) === Object.prototype;
}

function sizeOfProperties(count: number): number {
  if (count > UNHASHED_PROPERTIES) return HASHED_PROPERTY * count;
  return count > INLINE_PROPERTIES ? PROPERTY * (count - INLINE_PROPERTIES) : 0;
}
