import { Metadata, setLogger } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { appendMetadata, readMetadata } from '../../../lib/grpc/built-in/metadata-codec.js';

const NOTHING: ReadonlySet<string> = new Set();

function headersOf(metadata: Metadata, except = NOTHING): string[] {
  const headers: string[] = [];
  appendMetadata(headers, metadata, except);
  return headers;
}

describe('appendMetadata', () => {
  it('writes every value of a name', () => {
    const metadata = new Metadata();
    metadata.add('Name', 'one');
    metadata.add('name', 'two');
    expect(headersOf(metadata)).toEqual(['name', 'one', 'name', 'two']);
  });

  it('writes bytes in base64', () => {
    const metadata = new Metadata();
    metadata.add('name-bin', Buffer.from([0, 255, 16]));
    metadata.add('name-bin', Buffer.alloc(0));
    expect(headersOf(metadata)).toEqual(['name-bin', 'AP8Q', 'name-bin', '']);
  });

  it('leaves out the names that it is told', () => {
    const metadata = new Metadata();
    metadata.set('te', 'nothing');
    metadata.set('name', 'value');
    expect(headersOf(metadata, new Set(['te']))).toEqual(['name', 'value']);
  });

  it('appends to what is there', () => {
    const metadata = new Metadata();
    metadata.set('name', 'value');
    const headers = ['first', '1'];
    appendMetadata(headers, metadata);
    expect(headers).toEqual(['first', '1', 'name', 'value']);
  });
});

describe('readMetadata', () => {
  const logged = vi.fn<(line: string) => void>();
  beforeEach(() => {
    logged.mockClear();
    setLogger({ error: logged });
  });
  afterEach(() => setLogger(console));

  const read = (...headers: string[]): Metadata => readMetadata(headers, new Set(['te']));

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
    const again = readMetadata(headersOf(metadata), NOTHING);
    expect(again.toJSON()).toEqual(metadata.toJSON());
  });
});
