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
  #at = 0;
  #size = OBJECT;

  constructor(bytes: Buffer, most: number) {
    this.#bytes = bytes;
    this.#most = most;
  }

  size(): number {
    this.#scanFields(this.#bytes.length, 0);
    return this.#size;
  }

  /** Returns whether all up to `end` is well-formed; if not, it stops there. */
  #scanFields(end: number, depth: number): boolean {
    while (this.#at < end) {
      if (this.#size > this.#most) return true;
      const tag = this.#readVarint(end);
      if (tag < 8 || !this.#scanValue(tag & 7, end, depth)) return false;
    }
    return this.#at === end;
  }

  #scanValue(wireType: number, end: number, depth: number): boolean {
    if (wireType === 2) return this.#scanContent(end, depth);
    this.#size += PLACE;
    if (wireType === 0) return this.#readVarint(end) >= 0;
    if (wireType === 1) this.#at += 8;
    else if (wireType === 5) this.#at += 4;
    // Groups have no length of their own: their fields follow.
    else return depth === 0 && wireType !== 6 && wireType !== 7;
    return this.#at <= end;
  }

  /** A string, bytes, or a message: nothing on the wire tells which. */
  #scanContent(end: number, depth: number): boolean {
    const length = this.#readVarint(end);
    const start = this.#at;
    const contentEnd = start + length;
    if (length < 0 || contentEnd > end) return false;
    const before = this.#size;
    this.#size += PLACE + OBJECT;
    const isMessage = depth < MAX_DEPTH && this.#scanFields(contentEnd, depth + 1);
    if (!isMessage || (length >= LEAST_TEXT && isText(this.#bytes, start, contentEnd))) {
      this.#size = before + PLACE + STRING + length;
    }
    this.#at = contentEnd;
    return true;
  }

  /** Returns -1 if there is none before `end`. */
  #readVarint(end: number): number {
    const bytes = this.#bytes;
    let value = 0;
    for (let scale = 1; this.#at < end; scale *= 128) {
      const byte = bytes[this.#at]!;
      this.#at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      if (scale > 2 ** 56) return -1;
    }
    return -1;
  }
}

/** Whether the bytes are all printable ASCII. */
function isText(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i]!;
    if (byte > 126 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)) return false;
  }
  return true;
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
  let sum = size + OBJECT + PLACE * items.length;
  for (let i = 0; i < items.length && sum <= most; i += 1) {
    const item = items[i];
    if (typeof item !== 'number') sum = addSize(sum, item, most, depth + 1);
  }
  return sum;
}

function addProperties(
  size: number,
  object: Record<string, unknown>,
  most: number,
  depth: number,
): number {
  const names = Object.keys(object);
  let sum = size + OBJECT + sizeOfProperties(names.length);
  for (let i = 0; i < names.length && sum <= most; i += 1) {
    sum = addSize(sum, object[names[i]!], most, depth + 1);
  }
  return sum;
}

function sizeOfProperties(count: number): number {
  if (count > UNHASHED_PROPERTIES) return HASHED_PROPERTY * count;
  return count > INLINE_PROPERTIES ? PROPERTY * (count - INLINE_PROPERTIES) : 0;
}
