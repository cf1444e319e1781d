import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { appendMetadata } from '../../../lib/grpc/built-in/metadata-codec.js';

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

  it('writes the names of properties that objects have', () => {
    const metadata = new Metadata();
    metadata.add('__proto__', 'one');
    metadata.add('__proto__', 'two');
    metadata.add('constructor', 'three');
    expect(headersOf(metadata)).toEqual([
      'constructor',
      'three',
      '__proto__',
      'one',
      '__proto__',
      'two',
    ]);
  });
});
