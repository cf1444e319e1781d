import { beforeEach, describe, expect, it } from 'vitest';
import { HeaderRules } from '../../../lib/http2/inbound/header-rules.js';

const REQUEST = [':method', 'POST', ':scheme', 'http', ':path', '/', ':authority', 'here'];

describe('the rules for headers', () => {
  let rules: HeaderRules;

  beforeEach(() => {
    rules = new HeaderRules();
  });

  it.each<[what: string, extra: string[]]>([
    ['an upper-case name', ['Name', 'x']],
    ['an empty name', ['', 'x']],
    ['a space in a name', ['na me', 'x']],
    ['a byte above 0x7f in a name', ['n\u00e4me', 'x']],
    ['a colon in a name', ['na:me', 'x']],
    ['a line feed', ['name', 'a\nb']],
    ['a carriage return', ['name', 'a\rb']],
    ['a NUL', ['name', 'a\0b']],
    ['a space in front', ['name', ' a']],
    ['a tab behind', ['name', 'a\t']],
    ['a header of a connection', ['connection', 'close']],
    ['a te other than trailers', ['te', 'gzip']],
    ['an unknown pseudo-header', [':unknown', 'x']],
    ['a pseudo-header twice', [':path', '/']],
    ['a pseudo-header of responses', [':status', '200']],
    ['a pseudo-header after others', ['name', 'x', ':authority', 'x']],
  ])('refuse %s, first and later', (_what, extra) => {
    for (let i = 0; i < 3; i++) {
      expect(rules.requestProblem(REQUEST)).toBeUndefined();
      expect(rules.requestProblem([...REQUEST, ...extra])).toBeDefined();
    }
  });

  it.each<[what: string, extra: string[]]>([
    ['empty values', ['name', '']],
    ['te: trailers', ['te', 'trailers']],
    ['bytes above 0x7f', ['name', '\u00ff\u0080']],
    ['spaces and tabs inside', ['name', 'a b\tc']],
    ['a header twice', ['name', 'a', 'name', 'b']],
    ['values of any length', ['name', 'x'.repeat(10_000)]],
  ])('let %s pass', (_what, extra) => {
    for (let i = 0; i < 3; i++) {
      expect(rules.requestProblem([...REQUEST, ...extra])).toBeUndefined();
    }
  });

  it('look at each value of a name', () => {
    const good = [...REQUEST, 'name', 'good'];
    expect(rules.requestProblem(good)).toBeUndefined();
    expect(rules.requestProblem([...REQUEST, 'name', 'bad\n'])).toBeDefined();
    expect(rules.requestProblem(good)).toBeUndefined();
  });

  it('are the same for any number of names', () => {
    for (let i = 0; i < 1000; i++) {
      expect(rules.requestProblem([...REQUEST, `name-${i}`, 'x'])).toBeUndefined();
      expect(rules.requestProblem([...REQUEST, `name-${i}`, '\0'])).toBeDefined();
    }
  });

  it.each([
    ['request', 'unlike a response', [':status', '200']],
    ['request', 'without a method', [':scheme', 'http', ':path', '/']],
    ['request', 'without a scheme', [':method', 'GET', ':path', '/']],
    ['request', 'with an empty path', [':method', 'GET', ':scheme', 'http', ':path', '']],
    ['response', 'without a status', ['name', 'x']],
    ['response', 'with an impossible status', [':status', '20']],
    ['trailers', 'with a pseudo-header', [':status', '200']],
  ] as const)('refuse a %s %s', (kind, _what, headers) => {
    expect(rules[`${kind}Problem`](headers)).toBeDefined();
  });
});
