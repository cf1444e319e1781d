import type { MetadataValue } from '@grpc/grpc-js';

/** Valid names and values of metadata, as in grpc-js, which throws for others. */
const LEGAL_NAME = /^[:0-9a-z_.-]+$/;
const LEGAL_VALUE = /^[ -~]*$/;
const BINARY_SUFFIX = '-bin';

/**
 * Headers of which only the first value counts. Repeated values of other names are joined, as in
 * node:http2.
 */
const SINGLE_VALUED = new Set([
  'authorization',
  'content-length',
  'content-type',
  'date',
  'host',
  'user-agent',
]);

/**
 * The entries of received metadata, created from the headers at the first access. Few handlers read all of
 * them, and a few bytes on the wire may stand for headers of many KiB. To users it behaves as the `Map` of
 * grpc-js.
 *
 * `get` creates only the values of the requested name; every other method except `clear` creates all.
 * Headers that are invalid in metadata are omitted silently: grpc-js writes a line to stderr for each,
 * which would let peers fill the log.
 */
export class ReceivedEntries extends Map<string, MetadataValue[]> {
  /** Undefined once all entries are created. */
  #headers: readonly string[] | undefined;
  readonly #except: ReadonlySet<string>;
  /** Values of requested names, until all entries are created. */
  #asked: Map<string, MetadataValue[]> | undefined;

  /**
   * @param headers - name, value, name, value; kept, but not modified.
   * @param except - names to omit, in addition to pseudo-headers.
   */
  constructor(headers: readonly string[], except: ReadonlySet<string>) {
    super();
    this.#headers = headers;
    this.#except = except;
  }

  static {
    // Assertion libraries copy by class: the copy must be a plain `Map`.
    Object.defineProperty(this.prototype, 'constructor', { value: Map, enumerable: false });
  }

  override get(name: string): MetadataValue[] | undefined {
    const headers = this.#headers;
    if (headers === undefined) return super.get(name);
    const asked = this.#asked?.get(name);
    if (asked !== undefined) return asked;
    const texts = this.#textsOf(headers, name);
    if (texts.length === 0) return undefined;
    const values = metadataValues(name, texts);
    this.#asked ??= new Map();
    this.#asked.set(name, values);
    return values;
  }

  override has(name: string): boolean {
    this.#makeAll();
    return super.has(name);
  }

  override set(name: string, values: MetadataValue[]): this {
    this.#makeAll();
    return super.set(name, values);
  }

  override delete(name: string): boolean {
    this.#makeAll();
    return super.delete(name);
  }

  override clear(): void {
    this.#headers = undefined;
    super.clear();
  }

  override get size(): number {
    this.#makeAll();
    return super.size;
  }

  override forEach(...parameters: Parameters<Map<string, MetadataValue[]>['forEach']>): void {
    this.#makeAll();
    super.forEach(...parameters);
  }

  override keys(): MapIterator<string> {
    this.#makeAll();
    return super.keys();
  }

  override values(): MapIterator<MetadataValue[]> {
    this.#makeAll();
    return super.values();
  }

  override entries(): MapIterator<[string, MetadataValue[]]> {
    this.#makeAll();
    return super.entries();
  }

  override [Symbol.iterator](): MapIterator<[string, MetadataValue[]]> {
    return this.entries();
  }

  /** Makes `console.log` show the entries, as for any other map. */
  [Symbol.for('nodejs.util.inspect.custom')](): Map<string, MetadataValue[]> {
    return new Map(this);
  }

  #makeAll(): void {
    const headers = this.#headers;
    if (headers === undefined) return;
    this.#headers = undefined;
    const texts = new Map<string, string[]>();
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i]!;
      const value = headers[i + 1]!;
      const known = texts.get(name);
      if (known !== undefined) {
        if (isLegalValue(name, value)) known.push(value);
      } else if (this.#shows(name) && isLegalValue(name, value)) {
        texts.set(name, [value]);
      }
    }
    for (const [name, values] of texts) {
      super.set(name, this.#asked?.get(name) ?? metadataValues(name, values));
    }
    this.#asked = undefined;
  }

  #textsOf(headers: readonly string[], name: string): string[] {
    const texts: string[] = [];
    if (!this.#shows(name)) return texts;
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] === name && isLegalValue(name, headers[i + 1]!)) texts.push(headers[i + 1]!);
    }
    return texts;
  }

  #shows(name: string): boolean {
    return name.charCodeAt(0) !== 0x3a && !this.#except.has(name) && LEGAL_NAME.test(name);
  }
}

function isLegalValue(name: string, value: string): boolean {
  return name.endsWith(BINARY_SUFFIX) || LEGAL_VALUE.test(value);
}

/** Returns the metadata values for the header values of one name. */
function metadataValues(name: string, values: readonly string[]): MetadataValue[] {
  if (name.endsWith(BINARY_SUFFIX)) return binaryValues(name, values);
  if (values.length <= 1) return [...values];
  if (SINGLE_VALUED.has(name)) return [values[0]!];
  return [values.join(name === 'cookie' ? '; ' : ', ')];
}

function binaryValues(name: string, values: readonly string[]): Buffer[] {
  // Headers of gRPC itself have one value, even with commas.
  const isList = !name.startsWith('grpc-');
  const parts = isList ? values.flatMap((value) => value.split(',')) : values;
  return parts.map((part) => Buffer.from(part.trim(), 'base64'));
}
