import { ErrorCode } from './frame.js';
import { requestProblem, responseProblem, trailersProblem, valueOf } from './header-rules.js';
import type { HpackDecoder } from './hpack/index.js';
import type { Http2Stream } from './stream.js';

/** Responses whose content-length is that of another one. */
const WITHOUT_CONTENT = new Set(['204', '304']);

/** What messages act on. */
export interface MessageReceiverHost {
  /** Whether the peer opens streams, as clients do. */
  readonly servesRequests: boolean;
  stream(id: number): Http2Stream | undefined;
  /** Whether the peer has not used this number, or a higher one, yet. */
  isNew(id: number): boolean;
  /** Whether no stream of this number was ever opened, by either side. */
  isIdle(id: number): boolean;
  /** Whether this side gave the stream up lately. */
  wasReset(id: number): boolean;
  /** The peer has used this number. Returns whether new streams are served at all. */
  useId(id: number): boolean;
  /** Makes the stream, unless the peer has too many. */
  openStream(id: number): Http2Stream | undefined;
  /** A request has come; sets the listener of `stream`. */
  onRequest(stream: Http2Stream, headers: readonly string[], endStream: boolean): void;
  resetStream(id: number, code: ErrorCode, message: string): void;
  fail(code: ErrorCode, message: string): void;
}

/**
 * Makes messages of header blocks (RFC 9113, section 8): requests, responses and trailers, each only
 * where it may stand and if it is well formed.
 */
export class MessageReceiver {
  readonly #decoder: HpackDecoder;
  readonly #host: MessageReceiverHost;

  constructor(decoder: HpackDecoder, host: MessageReceiverHost) {
    this.#decoder = decoder;
    this.#host = host;
  }

  /** A header block is complete. */
  receiveHeaders(id: number, block: Buffer, start: number, end: number, endStream: boolean): void {
    const host = this.#host;
    const headers: string[] = [];
    let fits: boolean;
    try {
      fits = this.#decoder.decode(block, start, end, (name, value) => headers.push(name, value));
    } catch (error) {
      return host.fail(ErrorCode.CompressionError, (error as Error).message);
    }
    const stream = host.stream(id);
    if (stream !== undefined) {
      this.#receiveMore(stream, headers, fits, endStream);
    } else if (host.servesRequests && host.isNew(id)) {
      this.#receiveRequest(id, headers, fits, endStream);
    } else if (host.isIdle(id)) {
      host.fail(ErrorCode.ProtocolError, `HEADERS on stream ${id}, which nobody has opened`);
    } else if (!host.wasReset(id)) {
      host.fail(ErrorCode.StreamClosed, `HEADERS on stream ${id}, which is closed`);
    }
  }

  /** The peer has sent all there is on `stream`. */
  receiveEnd(stream: Http2Stream): void {
    if (stream.lengthIsRight) stream.receiveEnd();
    else this.#refuse(stream.id, 'content-length is not kept');
  }

  #receiveRequest(id: number, headers: string[], fits: boolean, endStream: boolean): void {
    const host = this.#host;
    if (id % 2 === 0) return host.fail(ErrorCode.ProtocolError, `the peer opened stream ${id}`);
    if (!host.useId(id)) return; // The peer was told.
    const problem = requestProblem(headers);
    if (!fits) return host.resetStream(id, ErrorCode.EnhanceYourCalm, 'headers that are too large');
    if (problem !== undefined) return this.#refuse(id, problem);
    const stream = host.openStream(id);
    if (stream === undefined) {
      return host.resetStream(id, ErrorCode.RefusedStream, 'too many streams');
    }
    stream.hasHeaders = true;
    stream.expectLength(valueOf(headers, 'content-length'));
    host.onRequest(stream, headers, endStream);
    if (endStream && !stream.closed) this.receiveEnd(stream);
  }

  /** Headers of a response, or trailers. */
  #receiveMore(stream: Http2Stream, headers: string[], fits: boolean, endStream: boolean): void {
    const host = this.#host;
    const { id } = stream;
    if (stream.finished) {
      return host.resetStream(id, ErrorCode.StreamClosed, 'HEADERS behind the end of the stream');
    }
    if (!fits) return host.resetStream(id, ErrorCode.EnhanceYourCalm, 'headers that are too large');
    if (!host.servesRequests && !stream.hasHeaders)
      this.#receiveResponse(stream, headers, endStream);
    else this.#receiveTrailers(stream, headers, endStream);
    if (endStream && !stream.closed) this.receiveEnd(stream);
  }

  #receiveResponse(stream: Http2Stream, headers: string[], endStream: boolean): void {
    const problem = responseProblem(headers);
    if (problem !== undefined) return this.#refuse(stream.id, problem);
    const code = valueOf(headers, ':status')!;
    const isInformational = code.startsWith('1');
    if (isInformational && endStream) return this.#refuse(stream.id, 'it ends before it begins');
    if (isInformational) return;
    stream.hasHeaders = true;
    if (!WITHOUT_CONTENT.has(code)) stream.expectLength(valueOf(headers, 'content-length'));
    stream.listener.onHeaders(headers);
  }

  #receiveTrailers(stream: Http2Stream, headers: string[], endStream: boolean): void {
    const problem = endStream ? trailersProblem(headers) : 'trailers without an end';
    if (problem !== undefined) this.#refuse(stream.id, problem);
    else stream.listener.onTrailers(headers);
  }

  #refuse(id: number, problem: string): void {
    this.#host.resetStream(id, ErrorCode.ProtocolError, `malformed message: ${problem}`);
  }
}
