import { excerpt } from '../protocol/excerpt.js';
import { KnownHeaders } from './known-headers.js';

const REQUEST_PSEUDO_HEADERS: ReadonlyMap<string, number> = new Map([
  [':method', 1],
  [':scheme', 2],
  [':authority', 4],
  [':path', 8],
]);
const RESPONSE_PSEUDO_HEADERS: ReadonlyMap<string, number> = new Map([[':status', 1]]);
const NONE: ReadonlyMap<string, number> = new Map();

/** Connection-specific headers of HTTP/1.1, which HTTP/2 forbids (RFC 9113, 8.2.2). */
export const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Valid header name: a token of RFC 9110, 5.6.2, without upper case. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Characters that no value may contain (RFC 9113, 8.2.1). */
// oxlint-disable-next-line no-control-regex
const NOT_IN_VALUE = /[\0\r\n]/;

/**
 * Checks that header lists are well formed (RFC 9113, 8.2 and 8.3). Lists are flat: name, value, name,
 * value. Each method returns a description of the first violation, or undefined.
 *
 * Each connection has an instance, which caches the headers that its peer repeats.
 */
export class HeaderRules {
  readonly #known = new KnownHeaders();

  requestProblem(headers: readonly string[]): string | undefined {
    return this.#listProblem(headers, REQUEST_PSEUDO_HEADERS) ?? requestLineProblem(headers);
  }

  responseProblem(headers: readonly string[]): string | undefined {
    const problem = this.#listProblem(headers, RESPONSE_PSEUDO_HEADERS);
    if (problem !== undefined) return problem;
    return /^[1-9]\d\d$/.test(valueOf(headers, ':status') ?? '') ? undefined : 'no valid :status';
  }

  trailersProblem(headers: readonly string[]): string | undefined {
    return this.#listProblem(headers, NONE);
  }

  #listProblem(
    headers: readonly string[],
    pseudoHeaders: ReadonlyMap<string, number>,
  ): string | undefined {
    const known = this.#known;
    let pseudoHeadersEnded = false;
    let seen = 0;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i]!;
      const value = headers[i + 1]!;
      if (name.charCodeAt(0) === 0x3a) {
        const bit = pseudoHeaders.get(name);
        if (bit === undefined) return `unexpected pseudo-header ${excerpt(name)}`;
        if (pseudoHeadersEnded) return `${name} after other headers`;
        if (seen & bit) return `${name} twice`;
        seen |= bit;
      } else {
        pseudoHeadersEnded = true;
      }
      if (known.has(name, value)) continue;
      const problem = headerProblem(name, value);
      if (problem !== undefined) return problem;
      known.add(name, value);
    }
    return undefined;
  }
}

/** Returns the first value of a header in a flat list; undefined if there is none. */
export function valueOf(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) return headers[i + 1];
  }
  return undefined;
}

/** Returns the violation in one header; the caller checks names of pseudo-headers. */
function headerProblem(name: string, value: string): string | undefined {
  if (name.charCodeAt(0) !== 0x3a) {
    if (!NAME.test(name)) return `name of a header ${JSON.stringify(excerpt(name))}`;
    if (CONNECTION_HEADERS.has(name)) return `header ${name} of a connection`;
    if (name === 'te' && value !== 'trailers') return `te: ${excerpt(value)}`;
  }
  const isGood =
    !isSpace(value.charCodeAt(0)) &&
    !isSpace(value.charCodeAt(value.length - 1)) &&
    !NOT_IN_VALUE.test(value);
  return isGood ? undefined : `value of header ${excerpt(name)}`;
}

/** @param code - code of a character; NaN for an empty value. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function requestLineProblem(headers: readonly string[]): string | undefined {
  const method = valueOf(headers, ':method');
  if (!method) return 'no :method';
  if (method === 'CONNECT') return 'CONNECT is not supported';
  if (!valueOf(headers, ':scheme')) return 'no :scheme';
  if (!valueOf(headers, ':path')) return 'no :path';
  return undefined;
}
