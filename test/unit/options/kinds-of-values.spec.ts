import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isError, isThenable } from '../../../lib/options/index.js';
import { thenable } from '../../fixtures/thenable.js';

/** The value of `code` in another realm, as tests of Jest run in one. */
const elsewhere = (code: string): unknown => runInNewContext(code) as unknown;

describe('an error', () => {
  it.each([
    new Error('here'),
    Object.create(Error.prototype),
    new DOMException('here'),
    elsewhere('new Error("there")'),
    elsewhere('(class Own extends TypeError {}, new (class Own extends TypeError {})("there"))'),
  ])('is %o', (value) => {
    expect(isError(value)).toBe(true);
  });

  it.each([undefined, null, 'text', {}, { message: 'text' }, elsewhere('({})')])(
    'is not %o',
    (value) => {
      expect(isError(value)).toBe(false);
    },
  );
});

describe('a thenable', () => {
  it.each([
    Promise.resolve(),
    elsewhere('Promise.resolve()'),
    thenable(() => {}),
    thenable(
      () => {},
      () => {},
    ),
  ])('is %o', (value) => {
    expect(isThenable(value)).toBe(true);
  });

  it.each([undefined, null, 'text', {}, JSON.parse('{ "then": true }'), () => {}])(
    'is not %o',
    (value) => {
      expect(isThenable(value)).toBe(false);
    },
  );
});
