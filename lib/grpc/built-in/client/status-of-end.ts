import { Metadata, status } from '@grpc/grpc-js';
import { ErrorCode, type Http2Error } from '../../../http2/index.js';
import { isError } from '../../../options/index.js';
import type { CallStatus } from '../../grpc-types.js';

/** Creates a status; without metadata by default. */
export function statusOf(code: status, details: string, metadata = new Metadata()): CallStatus {
  return { code, details, metadata };
}

/**
 * Returns the status for a response with an HTTP status and no gRPC status. Source: gRPC, "HTTP to gRPC
 * Status Code Mapping"; texts of grpc-js.
 */
export function statusOfHttp(httpStatus: number): CallStatus {
  const code = HTTP_STATUS[httpStatus] ?? status.UNKNOWN;
  return statusOf(code, `Received HTTP status code ${httpStatus}`);
}

const HTTP_STATUS: Readonly<Record<number, status>> = {
  400: status.INTERNAL,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.UNIMPLEMENTED,
  429: status.UNAVAILABLE,
  502: status.UNAVAILABLE,
  503: status.UNAVAILABLE,
  504: status.UNAVAILABLE,
};

/**
 * Returns the status for a stream that ended without a gRPC status. Source: gRPC over HTTP/2, "Errors";
 * texts of grpc-js.
 */
export function statusOfEnd(error: Http2Error): CallStatus {
  if (error.scope === 'connection') {
    const { cause } = error;
    const why = isError(cause) ? `: ${cause.message}` : '';
    return statusOf(status.UNAVAILABLE, `Connection dropped${why}`);
  }
  if (!error.remote && error.http2Code === ErrorCode.ProtocolError) {
    return statusOf(status.INTERNAL, error.message);
  }
  return statusOfReset(error.http2Code);
}

function statusOfReset(code: number): CallStatus {
  switch (code) {
    case ErrorCode.NoError:
      return statusOf(
        status.INTERNAL,
        'Received RST_STREAM with code 0 (Call ended without gRPC status)',
      );
    case ErrorCode.RefusedStream:
      return statusOf(status.UNAVAILABLE, 'Stream refused by server');
    case ErrorCode.Cancel:
      return statusOf(status.CANCELLED, 'Call cancelled');
    case ErrorCode.EnhanceYourCalm:
      return statusOf(status.RESOURCE_EXHAUSTED, 'Bandwidth exhausted or memory limit exceeded');
    case ErrorCode.InadequateSecurity:
      return statusOf(status.PERMISSION_DENIED, 'Protocol not secure enough');
    case ErrorCode.InternalError:
      return statusOf(status.INTERNAL, 'Received RST_STREAM with code 2 (Internal server error)');
    default:
      return statusOf(status.INTERNAL, `Received RST_STREAM with code ${code}`);
  }
}
