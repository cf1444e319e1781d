import { describe, expect, it } from 'vitest';
import { excerpt } from '../../../lib/http2/index.js';
import { HeaderRules } from '../../../lib/http2/inbound/header-rules.js';

describe('an excerpt', () => {
  it('is all of a text of up to 100 characters', () => {
    expect(excerpt('')).toBe('');
    expect(excerpt('a'.repeat(100))).toBe('a'.repeat(100));
  });

  it('is the beginning of a longer one, and says so', () => {
    expect(excerpt('a'.repeat(101))).toBe(`${'a'.repeat(100)}...`);
  });

  it('does not end in half of a character', () => {
    expect(excerpt(`${'a'.repeat(99)}\u{1f600}b`)).toBe(`${'a'.repeat(99)}...`);
    expect(excerpt(`${'a'.repeat(98)}\u{1f600}b`)).toBe(`${'a'.repeat(98)}\u{1f600}...`);
  });

  it.each([
    ['a pseudo-header', [`:${'x'.repeat(5000)}`, '']],
    ['a name', ['\u00e9'.repeat(5000), '']],
    ['a value', ['te', 'x'.repeat(5000)]],
    ['the name of a bad value', ['x'.repeat(5000), '\r\n']],
  ])('is what is told of %s that is wrong', (_what, headers) => {
    const problem = new HeaderRules().trailersProblem(headers);
    expect(problem!.length).toBeLessThan(150);
  });
});
