/**
 * Which header lists are well formed (RFC 9113, 8.2 and 8.3). Lists are flat: name, value, name, value.
 *
 * Each function returns what is wrong, or undefined.
 */

const REQUEST_PSEUDO_HEADERS = new Set([':method', ':scheme', ':authority', ':path']);
const RESPONSE_PSEUDO_HEADERS = new Set([':status']);
const NONE: ReadonlySet<string> = new Set();

/** Headers of HTTP/1.1 connections; they mean nothing here and must not come. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** What a header's name may consist of: tokens of RFC 9110, without upper case. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** No line ends, no NUL, and no space at either end. */
// oxlint-disable-next-line no-control-regex
const VALUE = /^(?![ \t])[^\0\r\n]*(?<![ \t])$/;

export function requestProblem(headers: readonly string[]): string | undefined {
  return listProblem(headers, REQUEST_PSEUDO_HEADERS) ?? requestLineProblem(headers);
}

export function responseProblem(headers: readonly string[]): string | undefined {
  const problem = listProblem(headers, RESPONSE_PSEUDO_HEADERS);
  if (problem !== undefined) return problem;
  return /^[1-9]\d\d$/.test(valueOf(headers, ':status') ?? '') ? undefined : 'no valid :status';
}

export function trailersProblem(headers: readonly string[]): string | undefined {
  return listProblem(headers, NONE);
}

/** The first value of a header. */
export function valueOf(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) return headers[i + 1];
  }
  return undefined;
}

function listProblem(
  headers: readonly string[],
  pseudoHeaders: ReadonlySet<string>,
): string | undefined {
  let pseudoHeadersEnded = false;
  const seen = new Set<string>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    if (name.charCodeAt(0) === 0x3a) {
      if (!pseudoHeaders.has(name)) return `unexpected pseudo-header ${name}`;
      if (pseudoHeadersEnded) return `${name} after other headers`;
      if (seen.has(name)) return `${name} twice`;
      seen.add(name);
    } else {
      pseudoHeadersEnded = true;
      if (!NAME.test(name)) return `name of a header ${JSON.stringify(name)}`;
      if (CONNECTION_HEADERS.has(name)) return `header ${name} of a connection`;
      if (name === 'te' && value !== 'trailers') return `te: ${value}`;
    }
    if (!VALUE.test(value)) return `value of header ${name}`;
  }
  return undefined;
}

function requestLineProblem(headers: readonly string[]): string | undefined {
  const method = valueOf(headers, ':method');
  if (!method) return 'no :method';
  if (method === 'CONNECT') return 'CONNECT is not supported';
  if (!valueOf(headers, ':scheme')) return 'no :scheme';
  if (!valueOf(headers, ':path')) return 'no :path';
  return undefined;
}
