import { status, type Metadata } from '@grpc/grpc-js';
import { headerListSize, type Http2Stream, type StreamListener } from '../../../http2/index.js';
import type { CallStatus } from '../../grpc-types.js';
import { headerSizeProblem } from '../../header-size-problem.js';
import { requestHeaders } from './call-metadata.js';
import type { CallTransport } from './call-router.js';
import { statusOf } from './status-of-end.js';

/**
 * Opens a stream of `transport`, and sends the headers of a request. Returns the status of the call if that
 * fails.
 *
 * @param base - headers of every request of the method.
 * @param deadline - milliseconds since 1970, or Infinity.
 */
export function openStream(
  transport: CallTransport,
  base: readonly string[],
  metadata: Metadata,
  deadline: number,
  listener: StreamListener,
): Http2Stream | CallStatus {
  try {
    const headers = requestHeaders(base, metadata, deadline);
    // Base headers are short, so their size is not checked.
    const size = headers === base ? 0 : headerListSize(headers);
    const limit = transport.maxHeaderListSize;
    if (size <= limit) return transport.open(headers, listener);
    const { code, details } = headerSizeProblem('request', size, limit);
    return statusOf(code, details);
  } catch (error) {
    const why = (error as Error).message;
    return statusOf(status.INTERNAL, `Failed to start HTTP/2 stream with error ${why}`);
  }
}
