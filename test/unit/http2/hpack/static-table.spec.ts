import { describe, expect, it } from 'vitest';
import { HpackDecoder, HpackEncoder, SECRET_NAMES } from '../../../../lib/http2/hpack/index.js';
import { decode, encode, indexed, tableOf, type Header } from './blocks.js';

/** RFC 7541, Appendix A. */
const STATIC_TABLE = `
   1 | :authority                  |
   2 | :method                     | GET
   3 | :method                     | POST
   4 | :path                       | /
   5 | :path                       | /index.html
   6 | :scheme                     | http
   7 | :scheme                     | https
   8 | :status                     | 200
   9 | :status                     | 204
  10 | :status                     | 206
  11 | :status                     | 304
  12 | :status                     | 400
  13 | :status                     | 404
  14 | :status                     | 500
  15 | accept-charset              |
  16 | accept-encoding             | gzip, deflate
  17 | accept-language             |
  18 | accept-ranges               |
  19 | accept                      |
  20 | access-control-allow-origin |
  21 | age                         |
  22 | allow                       |
  23 | authorization               |
  24 | cache-control               |
  25 | content-disposition         |
  26 | content-encoding            |
  27 | content-language            |
  28 | content-length              |
  29 | content-location            |
  30 | content-range               |
  31 | content-type                |
  32 | cookie                      |
  33 | date                        |
  34 | etag                        |
  35 | expect                      |
  36 | expires                     |
  37 | from                        |
  38 | host                        |
  39 | if-match                    |
  40 | if-modified-since           |
  41 | if-none-match               |
  42 | if-range                    |
  43 | if-unmodified-since         |
  44 | last-modified               |
  45 | link                        |
  46 | location                    |
  47 | max-forwards                |
  48 | proxy-authenticate          |
  49 | proxy-authorization         |
  50 | range                       |
  51 | referer                     |
  52 | refresh                     |
  53 | retry-after                 |
  54 | server                      |
  55 | set-cookie                  |
  56 | strict-transport-security   |
  57 | transfer-encoding           |
  58 | user-agent                  |
  59 | vary                        |
  60 | via                         |
  61 | www-authenticate            |
`;

describe('the static table', () => {
  const rows = STATIC_TABLE.trim()
    .split('\n')
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([index, name, value]): [number, Header] => [Number(index), [name!, value!]]);

  it('has 61 entries', () => {
    expect(rows).toHaveLength(61);
    expect(() => decode(new HpackDecoder(), indexed(62))).toThrow();
  });

  it.each(rows)('has at %i %o', (index, header) => {
    expect(decode(new HpackDecoder(), indexed(index))).toEqual([header]);
    if (SECRET_NAMES.includes(header[0])) return;
    expect(encode(new HpackEncoder(), [header])).toEqual(indexed(index));
  });

  it.each(rows)('lends the name at %i, %o, to other values', (_, [name]) => {
    const decoder = new HpackDecoder();
    const block = encode(new HpackEncoder(), [[name, '7']]);

    expect(block.length).toBeLessThanOrEqual(4);
    expect(decode(decoder, block)[0]!.slice(0, 2)).toEqual([name, '7']);
    expect(tableOf(decoder).length).toBeLessThanOrEqual(1);
  });
});
