/** Encoding of a header that is in no table. */
export const Indexing = {
  /** The header is likely to repeat: it is added to the dynamic table. */
  Insert: 0,
  /** The value differs each time: one header is added to the table, for its name only. */
  NameOnly: 1,
  /** The value is a secret: it is in no table, here or at a later hop (RFC 7541, 7.1.3). */
  Never: 2,
} as const;

/** One of the values of `Indexing`. */
export type Indexing = (typeof Indexing)[keyof typeof Indexing];

/**
 * Headers whose value differs in each message. In the table, such values would only evict entries that
 * repeat.
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
  // Request and trace ids
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

/** Headers that are sent as never indexed: their values are secrets worth guessing. */
export const SECRET_NAMES: readonly string[] = [
  'authorization',
  'cookie',
  'proxy-authorization',
  'set-cookie',
];
