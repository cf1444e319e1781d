import { inspect } from 'node:util';
import { Metadata, setLogger } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { appendMetadata } from '../../../lib/grpc/built-in/metadata-codec.js';
import { receivedMetadata } from '../../../lib/grpc/built-in/received-metadata.js';

const NOTHING: ReadonlySet<string> = new Set();

describe('received metadata', () => {
  const logged = vi.fn<(line: string) => void>();
  beforeEach(() => {
    logged.mockClear();
    setLogger({ error: logged });
  });
  afterEach(() => setLogger(console));

  const read = (...headers: string[]): Metadata => receivedMetadata(headers, new Set(['te']));

  it('reads what is no pseudo-header and not hidden', () => {
    const metadata = read(':path', '/', 'te', 'trailers', 'name', 'value');
    expect(metadata.toJSON()).toEqual({ name: ['value'] });
  });

  it('joins the values of one name, as node:http2 does', () => {
    expect(read('name', 'one', 'name', 'two').get('name')).toEqual(['one, two']);
  });

  it.each(['authorization', 'date', 'user-agent'])('takes the first of several: %s', (name) => {
    expect(read(name, 'one', name, 'two').get(name)).toEqual(['one']);
  });

  it('keeps binary values apart, joined or not, padded or not', () => {
    const metadata = read('name-bin', 'AP8Q, AQ==', 'name-bin', 'Ag');
    expect(metadata.get('name-bin')).toEqual([
      Buffer.from([0, 255, 16]),
      Buffer.from([1]),
      Buffer.from([2]),
    ]);
  });

  it('drops a value that metadata cannot have without a word, and keeps the rest', () => {
    const metadata = read('name', 'sch\u00f6n', 'other', 'value');
    expect(metadata.toJSON()).toEqual({ other: ['value'] });
    expect(logged).not.toHaveBeenCalled();
  });

  it('is not fooled by names of objects', () => {
    const metadata = read('__proto__', 'a', 'constructor', 'b', 'tostring', 'c');
    expect(metadata.get('constructor')).toEqual(['b']);
    expect(metadata.get('tostring')).toEqual(['c']);
  });

  it('gives back what was written', () => {
    const metadata = new Metadata();
    metadata.set('plain', 'a value');
    metadata.add('some-bin', Buffer.from('one'));
    metadata.add('some-bin', Buffer.from('two'));
    const headers: string[] = [];
    appendMetadata(headers, metadata);
    const again = receivedMetadata(headers, NOTHING);
    expect(again.toJSON()).toEqual(metadata.toJSON());
  });

  describe('is the metadata of grpc-js', () => {
    it('to whoever asks for its class, or looks at it', () => {
      const metadata = read('name', 'value');
      expect(metadata).toBeInstanceOf(Metadata);
      expect(inspect(metadata)).toBe(inspect(metadata.clone()));
      expect(inspect(metadata)).toContain("'name' => [ 'value' ]");
    });

    it('whatever is asked for first', () => {
      const asked: ((metadata: Metadata) => unknown)[] = [
        (metadata) => metadata.toJSON(),
        (metadata) => metadata.getMap(),
        (metadata) => metadata.clone().toJSON(),
        (metadata) => metadata.toHttp2Headers(),
        (metadata) => [metadata.get('B'), metadata.get('a'), metadata.get('x-bin')],
      ];
      const expected = new Metadata();
      expected.add('a', '1, 3');
      expected.add('b', '2');
      expected.add('x-bin', Buffer.from([1]));

      for (const ask of asked) {
        const metadata = read('a', '1', 'b', '2', 'a', '3', 'x-bin', 'AQ==');
        expect(ask(metadata)).toEqual(ask(expected));
      }
    });

    it('when something is added, set or removed before anything is read', () => {
      const added = read('a', '1');
      added.add('a', '2');
      const set = read('a', '1', 'b', '2');
      set.set('a', '3');
      const removed = read('a', '1', 'b', '2');
      removed.remove('a');

      expect(added.get('a')).toEqual(['1', '2']);
      expect(set.toJSON()).toEqual({ a: ['3'], b: ['2'] });
      expect(removed.toJSON()).toEqual({ b: ['2'] });
    });

    it('in a merge, on either side', () => {
      const into = new Metadata();
      into.merge(read('a', '1'));
      const from = read('a', '1');
      from.merge(into);

      expect(into.get('a')).toEqual(['1']);
      expect(from.get('a')).toEqual(['1', '1']);
    });

    it('whose values are the same objects each time', () => {
      const metadata = read('x-bin', 'AQ==', 'y', '1');
      const [first] = metadata.get('x-bin');
      expect(metadata.get('x-bin')[0]).toBe(first);
      expect(metadata.toJSON()['x-bin']![0]).toBe(first);
      expect(metadata.get('x-bin')[0]).toBe(first);
    });

    it('with options of its own', () => {
      const metadata = read('a', '1');
      metadata.setOptions({ waitForReady: true });
      expect(metadata.getOptions()).toEqual({ waitForReady: true });
      expect(metadata.clone().getOptions()).toEqual({ waitForReady: true });
    });
  });

  describe('beside that which grpc-js makes itself', () => {
    const pair = (): { received: Metadata; own: Metadata } => ({
      received: read('a', '1', 'b', '2', 'x-bin', 'AQ==, Ag==', 'te', 'trailers'),
      own: Metadata.fromHttp2Headers({ a: '1', b: '2', 'x-bin': 'AQ==, Ag==' }),
    });
    /** What a copy of the entries knows, whatever class of map it is. */
    const entriesOf = (copy: object): unknown[] => [
      ...(copy as { internalRepr: Map<string, unknown> }).internalRepr,
    ];

    it.each<[string, (metadata: Metadata) => unknown]>([
      ['JSON.stringify', (metadata) => JSON.stringify(metadata)],
      ['JSON.stringify of a copy', (metadata) => JSON.stringify({ ...metadata })],
      ['inspect', (metadata) => inspect(metadata)],
      ['inspect in an object', (metadata) => inspect({ call: { metadata } })],
      ['inspect at any depth', (metadata) => inspect(metadata, { depth: 9, showHidden: true })],
      ['text', (metadata) => String(metadata)],
      ['its class', (metadata) => metadata.constructor],
      ['its prototype', (metadata) => Object.getPrototypeOf(metadata) as object],
      ['the class of its entries', (metadata) => Object.values(metadata)[0]!.constructor],
      ['Object.keys', (metadata) => Object.keys(metadata)],
      ['Reflect.ownKeys', (metadata) => Reflect.ownKeys(metadata)],
      ['for in', namesIn],
      ['spread', (metadata) => entriesOf({ ...metadata })],
      ['Object.assign', (metadata) => entriesOf(Object.assign({}, metadata))],
      ['Object.entries', (metadata) => entriesOf(Object.fromEntries(Object.entries(metadata)))],
      ['a copy that keeps its class', (metadata) => copyOf(metadata).getMap()],
      ['clone', (metadata) => metadata.clone()],
      ['merge', mergedInto],
      ['getMap', (metadata) => metadata.getMap()],
      ['toJSON', (metadata) => metadata.toJSON()],
      ['toHttp2Headers', (metadata) => metadata.toHttp2Headers()],
      ['structuredClone of toJSON()', (metadata) => structuredClone(metadata.toJSON())],
    ])('%s gives the same', (_what, look) => {
      const { received, own } = pair();
      expect(look(received)).toEqual(look(own));
    });

    it('counts as equal', () => {
      const { received, own } = pair();
      expect(received).toEqual(own);
      expect(own).toEqual(pair().received);
      expect({ ...received }).toEqual({ ...own });
    });

    it.each<[string, (entries: Map<string, unknown>) => unknown]>([
      ['size', ({ size }) => size],
      ['has', (entries) => [entries.has('a'), entries.has('te'), entries.has('c')]],
      ['get', (entries) => [entries.get('a'), entries.get('te'), entries.get('c')]],
      ['keys', (entries) => [...entries.keys()]],
      ['values', (entries) => [...entries.values()]],
      ['entries', (entries) => [...entries.entries()]],
      ['forEach', forEachOf],
      ['a copy', (entries) => new Map(entries)],
      ['set', (entries) => [...entries.set('c', ['3'])]],
      ['delete', (entries) => [entries.delete('a'), ...entries]],
      ['clear', (entries) => [entries.clear(), ...entries]],
    ])('has the same entries: %s', (_what, look) => {
      const { received, own } = pair();
      const of = (metadata: object): Map<string, unknown> =>
        (metadata as { internalRepr: Map<string, unknown> }).internalRepr;
      expect(look(of(received))).toEqual(look(of(own)));
    });
  });

  it('makes nothing of the values that nobody asks for', () => {
    const from = vi.spyOn(Buffer, 'from');
    try {
      const metadata = read('name', 'value', 'x-bin', ','.repeat(500), 'y-bin', 'AQ==');
      metadata.get('name');
      metadata.get('y-bin');
      expect(from).toHaveBeenCalledTimes(1);
      metadata.get('x-bin');
      expect(from).toHaveBeenCalledTimes(502);
    } finally {
      from.mockRestore();
    }
  });

  it('makes no error of a name or a value that metadata cannot have', () => {
    const captured = vi.spyOn(Error, 'captureStackTrace');
    const prepare = Error.prepareStackTrace;
    let stacks = 0;
    Error.prepareStackTrace = (error) => {
      stacks += 1;
      return String(error);
    };
    try {
      const metadata = read('!', 'a', 'name', 'sch\u00f6n', 'name', 'value');
      expect(metadata.toJSON()).toEqual({ name: ['value'] });
    } finally {
      Error.prepareStackTrace = prepare;
      captured.mockRestore();
    }
    expect(stacks).toBe(0);
  });

  it.each<[string, (metadata: Metadata) => Metadata]>([
    ['a proxy of it', (metadata) => new Proxy(metadata, {})],
    ['an object that inherits from it', (metadata) => Object.create(metadata) as Metadata],
  ])('can be read through %s', (_what, through) => {
    const metadata = through(read('name', 'value', 'x-bin', 'AQ=='));
    expect(metadata.get('name')).toEqual(['value']);
    expect(metadata.getMap()).toEqual({ name: 'value', 'x-bin': Buffer.of(1) });
    expect(metadata.clone().get('x-bin')).toEqual([Buffer.of(1)]);
  });
});

function namesIn(metadata: object): string[] {
  const names: string[] = [];
  for (const name in metadata) names.push(name);
  return names;
}

/** As libraries copy objects that they do not know. */
function copyOf<T extends object>(value: T): T {
  return Object.assign(Object.create(Object.getPrototypeOf(value) as object), value) as T;
}

function mergedInto(metadata: Metadata): unknown {
  const into = new Metadata();
  into.set('a', '0');
  into.merge(metadata);
  return into.toJSON();
}

function forEachOf(entries: Map<string, unknown>): unknown[] {
  const seen: unknown[] = [];
  entries.forEach((value, name) => seen.push([name, value]));
  return seen;
}
