import type { ConnectionContext } from '../connection-context.js';
import { ErrorCode } from '../protocol/frame.js';
import type { Http2Stream } from '../stream/stream.js';
import { HeaderListLimits } from './header-list-limits.js';
import { HeaderRules, valueOf } from './header-rules.js';

/** Statuses of responses without content, whose content-length is ignored (RFC 9110, 8.6). */
const WITHOUT_CONTENT = new Set(['204', '304']);

const TOO_LARGE = 'headers that are too large, or too many';

/**
 * Turns header blocks into requests, responses and trailers, and checks their place and form (RFC 9113,
 * section 8).
 */
export class MessageReceiver {
  readonly #context: ConnectionContext;
  readonly #limits: HeaderListLimits;
  readonly #rules = new HeaderRules();
  /** Compressed bytes of the current header block: its cost for this side. */
  #blockSize = 0;

  constructor(context: ConnectionContext) {
    this.#context = context;
    this.#limits = new HeaderListLimits(context.options);
  }

  /** Handles a complete header block. */
  receiveHeaders(id: number, block: Buffer, start: number, end: number, endStream: boolean): void {
    const context = this.#context;
    const headers: string[] = [];
    let fits: boolean;
    try {
      fits = context.decoder.decode(block, start, end, (name, value) => headers.push(name, value));
    } catch (error) {
      return context.lifecycle.fail(ErrorCode.CompressionError, (error as Error).message);
    }
    fits &&= this.#limits.allows(headers);
    const stream = context.streams.get(id);
    this.#blockSize = end - start;
    if (stream !== undefined) this.#receiveMore(stream, headers, fits, endStream);
    else if (context.isServer && context.streams.isNew(id)) {
      this.#receiveRequest(id, headers, fits, endStream);
    } else this.#receiveForNobody(id);
  }

  /** Handles the END_STREAM flag of the peer. */
  receiveEnd(stream: Http2Stream): void {
    if (stream.lengthIsRight) stream.receiveEnd();
    else this.#refuse(stream.id, 'content-length is not kept');
  }

  #receiveRequest(id: number, headers: string[], fits: boolean, endStream: boolean): void {
    const context = this.#context;
    if (id % 2 === 0)
      return context.lifecycle.fail(ErrorCode.ProtocolError, `the peer opened stream ${id}`);
    if (!this.#useId(id)) return; // After the last GOAWAY: ignored without an answer.
    if (!fits) {
      context.resetStream(id, ErrorCode.EnhanceYourCalm, TOO_LARGE);
      context.abuse.chargeFrame(this.#blockSize);
      return;
    }
    const problem = this.#rules.requestProblem(headers);
    if (problem !== undefined) {
      this.#refuse(id, problem);
      context.abuse.chargeFrame(this.#blockSize);
      return;
    }
    const stream = this.#openStream(id);
    if (stream === undefined) return;
    stream.hasHeaders = true;
    stream.expectLength(valueOf(headers, 'content-length'));
    context.user.request(stream, headers, endStream);
    if (endStream && !stream.closed) this.receiveEnd(stream);
  }

  /** Records the id of a new stream. Returns whether new streams are served at all. */
  #useId(id: number): boolean {
    const { streams, gracefulGoAway, abuse } = this.#context;
    streams.usePeerId(id);
    if (gracefulGoAway.serve(id)) return true;
    streams.rememberReset(id); // More frames of the stream may be in transit.
    abuse.chargeFrame();
    return false;
  }

  /** Creates the stream of a request, or refuses the request with REFUSED_STREAM. */
  #openStream(id: number): Http2Stream | undefined {
    const context = this.#context;
    const { streams, options, settings, abuse, user } = context;
    if (!user.servesRequests) {
      context.resetStream(id, ErrorCode.RefusedStream, 'nobody serves requests here');
    } else if (streams.totalSize < options.maxConcurrentStreams) {
      return context.createStream(id);
    } else {
      context.resetStream(id, ErrorCode.RefusedStream, 'too many streams');
    }
    // Before the peer has read our SETTINGS it cannot know the limit.
    if (settings.acknowledged) abuse.chargeFrame();
    return undefined;
  }

  /** Handles headers for a stream that is closed or was never opened. */
  #receiveForNobody(id: number): void {
    const context = this.#context;
    if (context.streams.isIdle(id)) {
      const message = `HEADERS on stream ${id}, which nobody has opened`;
      context.lifecycle.fail(ErrorCode.ProtocolError, message);
    } else if (!context.streams.wasReset(id)) {
      context.lifecycle.fail(ErrorCode.StreamClosed, `HEADERS on stream ${id}, which is closed`);
    } else if (context.isServer) {
      context.abuse.chargeFrame(this.#blockSize);
    } else {
      context.abuse.chargeLateHeaders(this.#blockSize);
    }
  }

  /** Handles the headers of a response, or trailers. */
  #receiveMore(stream: Http2Stream, headers: string[], fits: boolean, endStream: boolean): void {
    const context = this.#context;
    const { id } = stream;
    if (stream.finished) {
      return context.resetStream(
        id,
        ErrorCode.StreamClosed,
        'HEADERS behind the end of the stream',
      );
    }
    if (!fits) return context.resetStream(id, ErrorCode.EnhanceYourCalm, TOO_LARGE);
    if (!context.isServer && !stream.hasHeaders) {
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
      this.#context.abuse.chargeFrame(this.#blockSize);
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
    this.#context.resetStream(id, ErrorCode.ProtocolError, `malformed message: ${problem}`);
  }
}
