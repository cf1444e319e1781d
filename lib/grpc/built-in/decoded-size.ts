import { isText } from './is-text.js';

/** Messages up to this length are not scanned: the upper bound of their decoded size is small enough. */
const SMALL = 256;
/**
 * Upper bound of decoded bytes per encoded byte, for messages that are not scanned: the ratio of an empty
 * sub-message in protobufjs.
 */
const BOUND_FACTOR = 32;

/** Bytes of an object with up to four properties, of a string without its characters, of a view of bytes. */
const OBJECT = 56;
const STRING = 24;
const VIEW = 100;
/** Bytes of an element of a growing array. Most numbers take no more. */
const PLACE = 12;
/** Bytes of each further property of an object, and of each property once the object is a hash table. */
const PROPERTY = 8;
const HASHED_PROPERTY = 64;
const INLINE_PROPERTIES = 4;
const UNHASHED_PROPERTIES = 128;

/**
 * Number of items that are measured in a longer array: a random one of each section, so that the peer
 * cannot predict which.
 */
const MOST_ITEMS = 256;
/**
 * Limit, in bytes, of the size assumed for each unmeasured item: the measured one may be the only large
 * item.
 */
const MOST_OF_OTHERS = 16 * 1024;

/** Limit of decoded bytes per encoded byte, for objects with cycles. */
const MAX_FACTOR = 256;

/** Maximum nesting depth of a scan; protobufjs decodes no deeper. */
const MAX_DEPTH = 100;
/** Text of at least this length, in bytes, counts as text even if it is also a well-formed message. */
const LEAST_TEXT = 64;

/** Upper bound of the decoded size of a message of `length` bytes, in bytes. */
export function boundOfDecodedSize(length: number): number {
  return BOUND_FACTOR * length;
}

/**
 * Estimates the decoded size of a message without its schema, as protobufjs decodes it on V8. Each field of
 * the protobuf wire format counts, including those of sub-messages. Content counts as a string if it is not
 * made of well-formed fields, or if it is long printable ASCII. The time is proportional to the length of
 * the message.
 *
 * @param most - the scan stops when the estimate exceeds it, in bytes.
 * @returns bytes, at least the length of the message.
 */
export function estimateDecodedSize(message: Buffer, most = Infinity): number {
  if (message.length <= SMALL) return boundOfDecodedSize(message.length);
  return Math.max(message.length, new FieldScan(message, most).size());
}

class FieldScan {
  readonly #bytes: Buffer;
  readonly #most: number;
  /** End of the last varint. */
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

  /**
   * Adds the fields from `start` to `end`. Returns false at the first malformed field; earlier fields are
   * counted.
   */
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

  /** Returns the end of the value at `start`, or -1 if it is malformed. */
  #scanValue(wireType: number, start: number, end: number, depth: number): number {
    if (wireType === 2) return this.#scanContent(start, end, depth);
    this.#size += PLACE;
    if (wireType === 0) return this.#readVarint(start, end) < 0 ? -1 : this.#at;
    if (wireType === 1) return start + 8;
    if (wireType === 5) return start + 4;
    // A group has no length: its fields follow.
    return depth === 0 && wireType < 5 ? start : -1;
  }

  /** Adds a string, bytes or a message; the wire format does not tell which. */
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

  /** Adds the fields of a possible message. Returns false, and adds nothing, if the content is no message. */
  #addMessage(start: number, end: number, depth: number): boolean {
    if (depth === MAX_DEPTH) return false;
    if (end - start >= LEAST_TEXT && isText(this.#bytes, start, end)) return false;
    const before = this.#size;
    if (this.#scanFields(start, end, depth + 1)) return true;
    this.#size = before;
    return false;
  }

  /** Returns the varint at `start`, or -1 if none ends before `end`. */
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
 * Measures the memory of a decoded message: plain objects, arrays, strings and bytes, as deserializers
 * create them. For a small message, returns an upper bound without measuring.
 *
 * @param length - size of the encoded message, in bytes.
 * @param most - the measurement stops when the result exceeds it, in bytes.
 * @returns bytes, at least `length`.
 */
export function measureDecodedSize(decoded: unknown, length: number, most = Infinity): number {
  if (length <= SMALL) return boundOfDecodedSize(length);
  try {
    const size = addSize(0, decoded, Math.min(most, MAX_FACTOR * length), 0);
    // A view of a few bytes keeps the whole message in memory.
    return Math.max(length, size);
  } catch {
    // A deserializer of the user may create objects whose properties throw.
    return length;
  }
}

/** Returns the sum of `size` and the size of `value`. */
function addSize(size: number, value: unknown, most: number, depth: number): number {
  switch (typeof value) {
    case 'string':
      // V8 shares strings of one character.
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

/** An empty view has its own empty buffer. */
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
    // `Object.keys` would allocate an array for each of possibly a million objects.
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

/** Whether `object` inherits no enumerable properties. */
function isPlain(object: object): boolean {
  return Object.getPrototypeOf(object) === Object.prototype;
}

function sizeOfProperties(count: number): number {
  if (count > UNHASHED_PROPERTIES) return HASHED_PROPERTY * count;
  return count > INLINE_PROPERTIES ? PROPERTY * (count - INLINE_PROPERTIES) : 0;
}
