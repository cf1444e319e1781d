import { Http2Error } from './errors.js';
import { STREAM_COST, type FloodGuard } from './flood-guard.js';
import { ErrorCode, Flag, FrameType, MAX_WINDOW_SIZE } from './frame.js';
import type { FrameHandler } from './frame-parser.js';
import { HeaderBlock, parseHeadersPayload } from './header-block.js';
import type { Http2Stream } from './stream.js';

/** What frames act on. */
export interface FrameReceiverHost {
  /** Longest payload that this side takes. */
  readonly maxFrameSize: number;
  /** Bytes that a header block may have, compressed. */
  readonly maxHeaderBlockSize: number;
  /** Bytes that the peer may still send on all streams together. */
  readonly receiveWindow: number;
  stream(id: number): Http2Stream | undefined;
  /** Whether no stream of this number was ever opened. */
  isIdle(id: number): boolean;
  /** Whether frames for this closed stream may still be on their way: this side gave it up. */
  wasReset(id: number): boolean;
  /** The peer has sent so much DATA. */
  spend(bytes: number): void;
  /** Nobody will read so much of it. */
  consumed(bytes: number): void;
  /** The peer has sent all there is on `stream`. */
  receiveEnd(stream: Http2Stream): void;
  /** A header block is complete. */
  receiveHeaders(
    streamId: number,
    block: Buffer,
    start: number,
    end: number,
    endStream: boolean,
  ): void;
  receiveSettings(payload: Buffer): void;
  receiveSettingsAck(): void;
  receivePing(payload: Buffer): void;
  receivePong(payload: Buffer): void;
  receiveGoAway(lastStreamId: number, code: number, debugData: Buffer): void;
  /** Adds credit for all streams together. Returns whether it is within limits. */
  grant(bytes: number): boolean;
  /** Ends one stream on this side's account. */
  resetStream(id: number, code: ErrorCode, message: string): void;
  /** Ends the connection on this side's account. */
  fail(code: ErrorCode, message: string): void;
}

/** What a frame costs a peer that sends nothing useful besides. */
const FRAME_COST = 1;

/**
 * Applies the rules of RFC 9113, section 5 and 6, to the frames of the peer: which are violations, and
 * what each one does to which stream. What can be said by its header is checked at the header.
 */
export class FrameReceiver implements FrameHandler {
  readonly #host: FrameReceiverHost;
  readonly #guard: FloodGuard;
  #hasSettings = false;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #length = 0;
  /** Where the payload of the current DATA frame goes; nowhere while it is thrown away. */
  #receiver: Http2Stream | undefined;
  #delivered = 0;
  /** A header block that waits for CONTINUATION. */
  #block: HeaderBlock | undefined;

  constructor(host: FrameReceiverHost, guard: FloodGuard) {
    this.#host = host;
    this.#guard = guard;
  }

  onPreface(): void {}

  onBadPreface(): void {
    this.#fail('the peer does not speak HTTP/2');
  }

  onBadPadding(): void {
    this.#fail('padding that is longer than its frame');
  }

  onHeader(type: number, flags: number, streamId: number, length: number): void {
    this.#type = type;
    this.#flags = flags;
    this.#streamId = streamId;
    this.#length = length;
    const host = this.#host;
    if (length > host.maxFrameSize) {
      host.fail(
        ErrorCode.FrameSizeError,
        `frame of ${length} bytes; ${host.maxFrameSize} are allowed`,
      );
    } else if (!this.#hasSettings && (type !== FrameType.Settings || flags & Flag.Ack)) {
      this.#fail('the first frame is not SETTINGS');
    } else if (this.#block !== undefined) {
      if (type !== FrameType.Continuation || streamId !== this.#block.streamId) {
        this.#fail('a header block was interrupted');
      }
    } else if (type === FrameType.Data) {
      this.#beginData();
    } else {
      this.#checkHeader();
    }
  }

  onData(piece: Buffer): void {
    this.#delivered += piece.length;
    // Looked at again for each piece: the application may have given the stream up at the last one.
    if (this.#receiver === undefined || this.#receiver.closed) this.#host.consumed(piece.length);
    else this.#receiver.receive(piece);
  }

  onDataEnd(): void {
    const stream = this.#receiver;
    this.#receiver = undefined;
    const padding = this.#length - this.#delivered;
    if (stream === undefined || stream.closed) {
      this.#host.consumed(padding);
      return;
    }
    if (padding > 0) stream.receivePadding(padding);
    if (this.#flags & Flag.EndStream) this.#host.receiveEnd(stream);
  }

  onPayload(payload: Buffer): void {
    switch (this.#type) {
      case FrameType.Headers:
        return this.#onHeaders(payload);
      case FrameType.Continuation:
        return this.#onContinuation(payload);
      case FrameType.Priority:
        return this.#onPriority(payload);
      case FrameType.RstStream:
        return this.#onRstStream(payload.readUInt32BE(0));
      case FrameType.Settings:
        return this.#onSettings(payload);
      case FrameType.Ping:
        if (this.#flags & Flag.Ack) return this.#host.receivePong(payload);
        if (this.#mayCost(FRAME_COST)) this.#host.receivePing(payload);
        return;
      case FrameType.GoAway:
        return this.#host.receiveGoAway(
          payload.readUInt32BE(0) & MAX_WINDOW_SIZE,
          payload.readUInt32BE(4),
          payload.subarray(8),
        );
      case FrameType.WindowUpdate:
        return this.#onWindowUpdate(payload.readUInt32BE(0) & MAX_WINDOW_SIZE);
    }
  }

  /** What can be wrong with a frame before its payload is read. */
  #checkHeader(): void {
    const { fixed, onStream } = RULES[this.#type] ?? {};
    if (onStream !== undefined && onStream !== this.#streamId > 0) {
      this.#fail(`frame of type ${this.#type} on stream ${this.#streamId}`);
    } else if (fixed !== undefined && this.#length !== fixed) {
      this.#failSize();
    } else if (this.#type === FrameType.PushPromise) {
      this.#fail('PUSH_PROMISE, though push is off');
    } else if (this.#type === FrameType.Continuation) {
      this.#fail('CONTINUATION of nothing');
    } else if (this.#type === FrameType.GoAway && this.#length < 8) {
      this.#failSize();
    } else if (this.#type === FrameType.Settings) {
      const bad = this.#flags & Flag.Ack ? this.#length > 0 : this.#length % 6 !== 0;
      if (bad) this.#failSize();
    }
  }

  #beginData(): void {
    const host = this.#host;
    const id = this.#streamId;
    const length = this.#length;
    this.#receiver = undefined;
    this.#delivered = 0;
    if (id === 0) return this.#fail('DATA on stream 0');
    if (length > host.receiveWindow) {
      return host.fail(ErrorCode.FlowControlError, 'more DATA than the connection window allows');
    }
    host.spend(length);
    const stream = host.stream(id);
    if (stream === undefined) return this.#onClosedStream('DATA');
    if (stream.finished) {
      host.resetStream(id, ErrorCode.StreamClosed, 'DATA behind the end of the stream');
    } else if (!stream.hasHeaders) {
      host.resetStream(id, ErrorCode.ProtocolError, 'DATA before any headers');
    } else if (length > stream.receiveWindow) {
      host.resetStream(
        id,
        ErrorCode.FlowControlError,
        'more DATA than the window of the stream allows',
      );
    } else if (length > 0 || this.#flags & Flag.EndStream || this.#mayCost(FRAME_COST)) {
      stream.spend(length);
      this.#receiver = stream;
      if (length > 0) this.#guard.forgive(FRAME_COST);
    }
  }

  /** A frame came for a stream that is no more, or never was. */
  #onClosedStream(what: string): void {
    const id = this.#streamId;
    if (this.#host.isIdle(id)) this.#fail(`${what} on stream ${id}, which nobody has opened`);
    else if (this.#host.wasReset(id)) this.#mayCost(FRAME_COST);
    else this.#host.fail(ErrorCode.StreamClosed, `${what} on stream ${id}, which is closed`);
  }

  #onHeaders(payload: Buffer): void {
    const parsed = parseHeadersPayload(this.#flags, payload);
    if (parsed === undefined) return this.onBadPadding();
    const { start, end, dependency } = parsed;
    if (dependency === this.#streamId) return this.#fail('a stream that depends on itself');
    const endStream = (this.#flags & Flag.EndStream) !== 0;
    if (this.#flags & Flag.EndHeaders) {
      this.#host.receiveHeaders(this.#streamId, payload, start, end, endStream);
      return;
    }
    this.#block = new HeaderBlock(this.#streamId, endStream, this.#host.maxHeaderBlockSize);
    this.#addToBlock(this.#block, payload.subarray(start, end));
  }

  #onContinuation(payload: Buffer): void {
    const block = this.#block!;
    if (!this.#addToBlock(block, payload) || !(this.#flags & Flag.EndHeaders)) return;
    this.#block = undefined;
    const whole = block.complete();
    this.#host.receiveHeaders(block.streamId, whole, 0, whole.length, block.endStream);
  }

  #addToBlock(block: HeaderBlock, fragment: Buffer): boolean {
    if (block.add(fragment)) return true;
    this.#host.fail(ErrorCode.EnhanceYourCalm, 'a header block that is too large');
    return false;
  }

  #onPriority(payload: Buffer): void {
    if (!this.#mayCost(FRAME_COST)) return;
    if (payload.length !== 5) {
      this.#resetIfOpen(ErrorCode.FrameSizeError, 'PRIORITY of a wrong size');
    } else if ((payload.readUInt32BE(0) & MAX_WINDOW_SIZE) === this.#streamId) {
      this.#resetIfOpen(ErrorCode.ProtocolError, 'a stream that depends on itself');
    }
  }

  /** A stream that is not open cannot be reset: then it is the connection that fails. */
  #resetIfOpen(code: ErrorCode, message: string): void {
    if (this.#host.stream(this.#streamId)) this.#host.resetStream(this.#streamId, code, message);
    else this.#host.fail(code, message);
  }

  #onRstStream(code: number): void {
    const id = this.#streamId;
    if (this.#host.isIdle(id))
      return this.#fail(`RST_STREAM on stream ${id}, which nobody has opened`);
    if (!this.#mayCost(STREAM_COST)) return;
    this.#host
      .stream(id)
      ?.abort(
        new Http2Error('stream', code, `the peer reset stream ${id} with code ${code}`, true),
      );
  }

  #onSettings(payload: Buffer): void {
    this.#hasSettings = true;
    if (this.#flags & Flag.Ack) this.#host.receiveSettingsAck();
    else if (this.#mayCost(FRAME_COST)) this.#host.receiveSettings(payload);
  }

  #onWindowUpdate(bytes: number): void {
    const host = this.#host;
    const id = this.#streamId;
    const stream = host.stream(id);
    if (id > 0 && stream === undefined) {
      // Credit may cross the end of its stream.
      if (host.isIdle(id)) this.#fail(`WINDOW_UPDATE on stream ${id}, which nobody has opened`);
      else this.#mayCost(FRAME_COST);
    } else if (stream === undefined) {
      if (bytes === 0) this.#fail('WINDOW_UPDATE of 0');
      else if (!host.grant(bytes)) {
        host.fail(ErrorCode.FlowControlError, 'the connection window is too large');
      }
    } else if (bytes === 0) {
      host.resetStream(id, ErrorCode.ProtocolError, 'WINDOW_UPDATE of 0');
    } else if (stream.sendWindow + bytes > MAX_WINDOW_SIZE) {
      host.resetStream(id, ErrorCode.FlowControlError, 'the window of the stream is too large');
    } else {
      stream.grant(bytes);
    }
  }

  #mayCost(cost: number): boolean {
    if (this.#guard.allows(cost)) return true;
    this.#host.fail(ErrorCode.EnhanceYourCalm, 'too many frames that are of no use');
    return false;
  }

  #fail(message: string): void {
    this.#host.fail(ErrorCode.ProtocolError, message);
  }

  #failSize(): void {
    this.#host.fail(
      ErrorCode.FrameSizeError,
      `frame of type ${this.#type} with a payload of ${this.#length} bytes`,
    );
  }
}

/** For each type of frame whether it belongs on a stream, and the only length that it may have. */
const RULES: Record<number, { onStream?: boolean; fixed?: number }> = {
  [FrameType.Headers]: { onStream: true },
  [FrameType.Priority]: { onStream: true },
  [FrameType.RstStream]: { onStream: true, fixed: 4 },
  [FrameType.Settings]: { onStream: false },
  [FrameType.PushPromise]: {},
  [FrameType.Ping]: { onStream: false, fixed: 8 },
  [FrameType.GoAway]: { onStream: false },
  [FrameType.WindowUpdate]: { fixed: 4 },
};
