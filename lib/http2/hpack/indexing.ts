/** How a header is sent when no table has it. */
export const Indexing = {
  /** It is likely to come again: it goes into the dynamic table. */
  Insert: 0,
  /** It has another value each time: only its name goes into the table, once, with some value. */
  NameOnly: 1,
  /** It is a secret: no table has it, here or at any hop behind (RFC 7541, 7.1.3). */
  Never: 2,
} as const;

/** One of the values of `Indexing`. */
export type Indexing = (typeof Indexing)[keyof typeof Indexing];

/**
 * Headers whose value is another one with each message. In the table it would only drive out what
 * comes again.
 */
export const VARYING_NAMES: readonly string[] = [
  'age',
  'content-length',
  'content-range',
  'etag',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  // Ids of requests and traces
  'b3',
  'traceparent',
  'tracestate',
  'uber-trace-id',
  'x-amzn-trace-id',
  'x-b3-parentspanid',
  'x-b3-spanid',
  'x-b3-traceid',
  'x-cloud-trace-context',
  'x-correlation-id',
  'x-datadog-parent-id',
  'x-datadog-trace-id',
  'x-request-id',
];

/** Headers that are never put into a table: what they hold is worth guessing. */
export const SECRET_NAMES: readonly string[] = [
  'authorization',
  'cookie',
  'proxy-authorization',
  'set-cookie',
];
