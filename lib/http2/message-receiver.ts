import { ErrorCode } from './frame.js';
import type { HeaderListLimits } from './header-list-limits.js';
import { HeaderRules, valueOf } from './header-rules.js';
import type { HpackDecoder } from './hpack/index.js';
import type { Http2AbuseGuard } from './abuse-guard.js';
import type { Http2Stream } from './stream.js';
import type { StreamTable } from './stream-table.js';

/** Responses whose content-length is that of another one. */
const WITHOUT_CONTENT = new Set(['204', '304']);

const TOO_LARGE = 'headers that are too large, or too many';

/** What messages act on. */
export interface MessageReceiverHost {
  readonly streams: StreamTable;
  readonly abuse: Http2AbuseGuard;
  /** Whether the peer opens streams, as clients do. */
  readonly servesRequests: boolean;
  /** The peer has used this number. Returns whether new streams are served at all. */
  useId(id: number): boolean;
  /** Makes the stream, unless there are too many; then the peer is told. */
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
  readonly #limits: HeaderListLimits;
  readonly #host: MessageReceiverHost;
  readonly #rules = new HeaderRules();
  /** Bytes of the header block that is being received: what it cost to decompress. */
  #blockSize = 0;

  constructor(decoder: HpackDecoder, limits: HeaderListLimits, host: MessageReceiverHost) {
    this.#decoder = decoder;
    this.#limits = limits;
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
    fits &&= this.#limits.allows(headers);
    const stream = host.streams.get(id);
    this.#blockSize = end - start;
    if (stream !== undefined) this.#receiveMore(stream, headers, fits, endStream);
    else if (host.servesRequests && host.streams.isNew(id)) {
      this.#receiveRequest(id, headers, fits, endStream);
    } else this.#receiveForNobody(id);
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
    if (!fits) {
      host.resetStream(id, ErrorCode.EnhanceYourCalm, TOO_LARGE);
      host.abuse.chargeFrame(this.#blockSize);
      return;
    }
    const problem = this.#rules.requestProblem(headers);
    if (problem !== undefined) {
      this.#refuse(id, problem);
      host.abuse.chargeFrame(this.#blockSize);
      return;
    }
    const stream = host.openStream(id);
    if (stream === undefined) return;
    stream.hasHeaders = true;
    stream.expectLength(valueOf(headers, 'content-length'));
    host.onRequest(stream, headers, endStream);
    if (endStream && !stream.closed) this.receiveEnd(stream);
  }

  /** It came for a stream that is no more, or never was. */
  #receiveForNobody(id: number): void {
    const host = this.#host;
    if (host.streams.isIdle(id)) {
      const message = `HEADERS on stream ${id}, which nobody has opened`;
      host.fail(ErrorCode.ProtocolError, message);
    } else if (!host.streams.wasReset(id)) {
      host.fail(ErrorCode.StreamClosed, `HEADERS on stream ${id}, which is closed`);
    } else if (host.servesRequests) {
      host.abuse.chargeFrame(this.#blockSize);
    } else {
      host.abuse.chargeLateHeaders(this.#blockSize);
    }
  }

  /** Headers of a response, or trailers. */
  #receiveMore(stream: Http2Stream, headers: string[], fits: boolean, endStream: boolean): void {
    const host = this.#host;
    const { id } = stream;
    if (stream.finished) {
      return host.resetStream(id, ErrorCode.StreamClosed, 'HEADERS behind the end of the stream');
    }
    if (!fits) return host.resetStream(id, ErrorCode.EnhanceYourCalm, TOO_LARGE);
    if (!host.servesRequests && !stream.hasHeaders) {
      this.#receiveResponse(stream, headers, endStream);
    } else this.#receiveTrailers(stream, headers, endStream);
    if (endStream && !stream.closed) this.receiveEnd(stream);
  }

  #receiveResponse(stream: Http2Stream, headers: string[], endStream: boolean): void {
    const problem = this.#rules.responseProblem(headers);
    if (problem !== undefined) return this.#refuse(stream.id, problem);
    const code = valueOf(headers, ':status')!;
    const isInformational = code.startsWith('1');
    if (isInformational && endStream) return this.#refuse(stream.id, 'it ends before it begins');
    if (isInformational) {
      this.#host.abuse.chargeFrame(this.#blockSize);
      return;
    }
    if (!WITHOUT_CONTENT.has(code)) stream.expectLength(valueOf(headers, 'content-length'));
    stream.receiveHeaders(headers, endStream);
  }

  #receiveTrailers(stream: Http2Stream, headers: string[], endStream: boolean): void {
    const problem = endStream ? this.#rules.trailersProblem(headers) : 'trailers without an end';
    if (problem !== undefined) this.#refuse(stream.id, problem);
    else stream.receiveTrailers(headers);
  }

  #refuse(id: number, problem: string): void {
    this.#host.resetStream(id, ErrorCode.ProtocolError, `malformed message: ${problem}`);
  }
}
