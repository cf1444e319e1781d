/** The static table of RFC 7541, Appendix A, in its order; a name alone has the empty value. */
const ENTRIES: readonly (readonly [name: string, value?: string])[] = [
  [':authority'],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset'],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language'],
  ['accept-ranges'],
  ['accept'],
  ['access-control-allow-origin'],
  ['age'],
  ['allow'],
  ['authorization'],
  ['cache-control'],
  ['content-disposition'],
  ['content-encoding'],
  ['content-language'],
  ['content-length'],
  ['content-location'],
  ['content-range'],
  ['content-type'],
  ['cookie'],
  ['date'],
  ['etag'],
  ['expect'],
  ['expires'],
  ['from'],
  ['host'],
  ['if-match'],
  ['if-modified-since'],
  ['if-none-match'],
  ['if-range'],
  ['if-unmodified-since'],
  ['last-modified'],
  ['link'],
  ['location'],
  ['max-forwards'],
  ['proxy-authenticate'],
  ['proxy-authorization'],
  ['range'],
  ['referer'],
  ['refresh'],
  ['retry-after'],
  ['server'],
  ['set-cookie'],
  ['strict-transport-security'],
  ['transfer-encoding'],
  ['user-agent'],
  ['vary'],
  ['via'],
  ['www-authenticate'],
];

/** Entries of the static table: indices 1 to this one are static, those above dynamic. */
export const STATIC_COUNT = ENTRIES.length;

/** Names by index; there is no index 0. */
export const STATIC_NAMES: readonly string[] = ['', ...ENTRIES.map(([name]) => name)];

/** Values by index. */
export const STATIC_VALUES: readonly string[] = ['', ...ENTRIES.map(([, value = '']) => value)];

/** Where a name stands in the static table. */
export interface StaticName {
  /** Its first index. */
  readonly index: number;
  /** The indices of its values. */
  readonly values: ReadonlyMap<string, number>;
}

/** The static table by name. */
export const STATIC_BY_NAME: ReadonlyMap<string, StaticName> = byName();

function byName(): Map<string, StaticName> {
  const names = new Map<string, { index: number; values: Map<string, number> }>();
  ENTRIES.forEach(([name, value = ''], position) => {
    const index = position + 1;
    const known = names.get(name);
    if (known === undefined) names.set(name, { index, values: new Map([[value, index]]) });
    else known.values.set(value, index);
  });
  return names;
}
