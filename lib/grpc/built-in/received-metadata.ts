import { Metadata, type MetadataValue } from '@grpc/grpc-js';

/** Names and values that metadata may have: the rules of grpc-js, which throws for others. */
const LEGAL_NAME = /^[:0-9a-z_.-]+$/;
const LEGAL_VALUE = /^[ -~]*$/;
const BINARY_SUFFIX = '-bin';

/** Several values of one name are one, as node:http2 has it: joined, but these are never repeated. */
const SINGLE_VALUED = new Set([
  'authorization',
  'content-length',
  'content-type',
  'date',
  'host',
  'user-agent',
]);

type Entries = Map<string, MetadataValue[]>;

const STATE = Symbol('ReceivedMetadata');

interface State {
  readonly headers: readonly string[];
  /** Names that the metadata does not have, besides those of pseudo-headers. */
  readonly except: ReadonlySet<string>;
  /** Values of the names that were asked for, before all are made. */
  asked: Entries | undefined;
  entries: Entries | undefined;
}

/**
 * Metadata that came in headers, made of them when it is read for the first time: few handlers look at
 * all of it, and a list of headers that takes the peer a few bytes may stand for many KiB. To all who
 * use it, it is the `Metadata` of grpc-js.
 *
 * `get` makes only the values of the name that it is asked for; every other method makes all of them.
 * Headers that metadata cannot have are left out without a word: grpc-js writes a line for each to
 * stderr, which would let peers fill it.
 */
export class ReceivedMetadata extends Metadata {
  /** Not private to the class: proxies and objects that inherit from one of these have it as well. */
  private readonly [STATE]: State;

  /**
   * @param headers - name, value, name, value; kept, not changed.
   * @param except - names that the metadata does not have, besides those of pseudo-headers.
   */
  constructor(headers: readonly string[], except: ReadonlySet<string>) {
    super();
    const state: State = { headers, except, asked: undefined, entries: undefined };
    this[STATE] = state;
  }

  static {
    // All methods of grpc-js, also those of other objects, find the entries in this property.
    Object.defineProperty(this.prototype, 'internalRepr', {
      get(this: ReceivedMetadata): Entries {
        return all(this[STATE]);
      },
      set(this: ReceivedMetadata, entries: Entries): void {
        // The constructor of grpc-js sets an empty map, before there is anything of this class.
        const state = this[STATE] as State | undefined;
        if (state !== undefined) state.entries = entries;
      },
    });
  }

  override get(name: string): MetadataValue[] {
    const state = this[STATE];
    if (state.entries !== undefined) return super.get(name);
    const key = name.toLowerCase();
    state.asked ??= new Map();
    let values = state.asked.get(key);
    if (values === undefined) {
      values = metadataValues(key, valuesOf(state, key));
      state.asked.set(key, values);
    }
    return values;
  }

  /** What `console.log` shows: the entries, as of any other metadata. */
  [Symbol.for('nodejs.util.inspect.custom')](): Metadata {
    return this.clone();
  }
}

function all(state: State): Entries {
  if (state.entries !== undefined) return state.entries;
  const texts = new Map<string, string[]>();
  const { headers, asked } = state;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    const known = texts.get(name);
    if (known !== undefined) {
      if (isLegalValue(name, value)) known.push(value);
    } else if (shows(state, name) && isLegalValue(name, value)) {
      texts.set(name, [value]);
    }
  }
  const entries: Entries = new Map();
  for (const [name, values] of texts) {
    entries.set(name, asked?.get(name) ?? metadataValues(name, values));
  }
  state.asked = undefined;
  state.entries = entries;
  return entries;
}

function valuesOf(state: State, name: string): string[] {
  const values: string[] = [];
  if (!shows(state, name)) return values;
  const { headers } = state;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name && isLegalValue(name, headers[i + 1]!)) values.push(headers[i + 1]!);
  }
  return values;
}

function shows({ except }: State, name: string): boolean {
  return name.charCodeAt(0) !== 0x3a && !except.has(name) && LEGAL_NAME.test(name);
}

function isLegalValue(name: string, value: string): boolean {
  return name.endsWith(BINARY_SUFFIX) || LEGAL_VALUE.test(value);
}

/** The values of metadata that the values of the headers of one name stand for. */
function metadataValues(name: string, values: readonly string[]): MetadataValue[] {
  if (name.endsWith(BINARY_SUFFIX)) return binaryValues(name, values);
  if (values.length <= 1) return [...values];
  if (SINGLE_VALUED.has(name)) return [values[0]!];
  return [values.join(name === 'cookie' ? '; ' : ', ')];
}

function binaryValues(name: string, values: readonly string[]): Buffer[] {
  // Those of gRPC itself have one value, whatever is in it.
  const isList = !name.startsWith('grpc-');
  const parts = isList ? values.flatMap((value) => value.split(',')) : values;
  return parts.map((part) => Buffer.from(part.trim(), 'base64'));
}
