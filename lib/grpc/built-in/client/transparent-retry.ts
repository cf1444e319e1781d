import { ErrorCode, type Http2Error } from '../../../http2/index.js';

/**
 * Whether the peer refused a stream before it processed the request. Such a call is retried once, as long as
 * its sent messages are still in the retry buffer. Source: gRFC A6, "transparent retries"; RFC 9113, 8.7.
 */
export function isUnprocessed({ scope, remote, http2Code }: Http2Error): boolean {
  return scope === 'stream' && remote && http2Code === ErrorCode.RefusedStream;
}
