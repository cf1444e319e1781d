import { status } from '@grpc/grpc-js';
import type { CallListener, CallStatus } from '../../grpc-types.js';
import { receivedMetadata } from '../received-metadata.js';
import { responseStatus } from './response-status.js';
import { statusOf, statusOfHttp } from './status-of-end.js';

/** Headers of a response that its metadata omits. */
const HIDDEN_HEADERS = new Set(['grpc-encoding', 'grpc-accept-encoding']);

/** The headers and trailers of a response. */
export class ResponseHead {
  /** `grpc-encoding` of the response. */
  encoding = 'identity';
  /** `grpc-accept-encoding` of the server; undefined if it sent none. */
  acceptedEncodings: string | undefined;
  /** HTTP status; 0 before the headers. */
  #httpStatus = 0;
  /** Headers whose metadata is not delivered yet. */
  #headers: readonly string[] | undefined;
  #trailers: readonly string[] | undefined;

  /** @param isAll - whether the response is Trailers-Only. */
  receiveHeaders(headers: readonly string[], isAll: boolean): void {
    if (isAll) this.#trailers = headers;
    else this.#headers = headers;
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] === ':status') this.#httpStatus = Number(headers[i + 1]);
      else if (headers[i] === 'grpc-encoding') this.encoding = headers[i + 1]!;
      else if (headers[i] === 'grpc-accept-encoding') this.acceptedEncodings = headers[i + 1]!;
    }
  }

  receiveTrailers(trailers: readonly string[]): void {
    this.#trailers = trailers;
  }

  /** Delivers the metadata, once. No effect before the headers, and for a Trailers-Only response. */
  deliverMetadata(listener: CallListener & { ignoresMetadata?: boolean }): void {
    const headers = this.#headers;
    if (headers === undefined) return;
    this.#headers = undefined;
    if (listener.ignoresMetadata) return;
    listener.onReceiveMetadata(receivedMetadata(headers, HIDDEN_HEADERS));
  }

  /** Returns the status of a complete response. */
  toStatus(): CallStatus {
    if (this.#trailers !== undefined) return responseStatus(this.#trailers, this.#httpStatus);
    if (this.#httpStatus !== 200) return statusOfHttp(this.#httpStatus);
    return statusOf(
      status.INTERNAL,
      'Received RST_STREAM with code 0 (Call ended without gRPC status)',
    );
  }

  /**
   * Returns the status of a response with unreadable messages: an HTTP error, if there is one, explains
   * them.
   */
  toFailure(code: status, details: string): CallStatus {
    return this.#httpStatus === 200 ? statusOf(code, details) : statusOfHttp(this.#httpStatus);
  }
}
