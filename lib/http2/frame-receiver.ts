import { DataReceiver, type DataReceiverHost } from './data-receiver.js';
import { http2Error } from './errors.js';
import { ErrorCode, Http2Flag, Http2FrameType, MAX_WINDOW_SIZE } from './frame.js';
import type { Http2FrameOutput } from './frame-output.js';
import type { Http2FrameHandler } from './frame-parser.js';
import { frameProblem } from './frame-rules.js';
import { HeaderBlock, parseHeadersPayload } from './header-block.js';

/** What frames act on. */
export interface Http2FrameReceiverHost extends DataReceiverHost {
  readonly output: Http2FrameOutput;
  /** Longest payload that this side takes. */
  readonly maxFrameSize: number;
  /** Bytes that a header block may have, compressed. */
  readonly maxHeaderBlockSize: number;
  /** CONTINUATION frames that a header block may have. */
  readonly maxContinuations: number;
  /** A header block is complete. */
  receiveHeaders(
    streamId: number,
    block: Buffer,
    start: number,
    end: number,
    endStream: boolean,
  ): void;
  receiveSettings(payload: Buffer): void;
  /** Returns whether it was owed. */
  receiveSettingsAck(): boolean;
  /** Returns whether it was asked for. */
  receivePong(payload: Buffer): boolean;
  receiveGoAway(lastStreamId: number, code: number, debugData: Buffer): void;
  /** Whether the peer may begin with a GOAWAY, to say why it does not serve us. */
  readonly mayBeRefused: boolean;
  receiveRefusal(code: number, debugData: Buffer): void;
}

/**
 * Applies the rules of RFC 9113, section 5 and 6, to the frames of the peer: which are violations, and
 * what each one does to which stream. What can be said by its header is checked at the header.
 */
export class Http2FrameReceiver implements Http2FrameHandler {
  readonly #host: Http2FrameReceiverHost;
  readonly #data: DataReceiver;
  #hasSettings = false;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** A header block that waits for CONTINUATION. */
  #block: HeaderBlock | undefined;

  constructor(host: Http2FrameReceiverHost) {
    this.#host = host;
    this.#data = new DataReceiver(host);
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
    const host = this.#host;
    if (length > host.maxFrameSize) {
      const message = `frame of ${length} bytes; ${host.maxFrameSize} are allowed`;
      host.fail(ErrorCode.FrameSizeError, message);
    } else if (!this.#hasSettings && !this.#mayBeFirst(type, flags)) {
      this.#fail('the first frame is not SETTINGS');
    } else if (this.#block !== undefined) {
      if (type !== Http2FrameType.Continuation || streamId !== this.#block.streamId) {
        this.#fail('a header block was interrupted');
      }
    } else if (type === Http2FrameType.Data && streamId > 0) {
      this.#data.begin(streamId, length, (flags & Http2Flag.EndStream) !== 0);
    } else {
      const problem = frameProblem(type, flags, streamId, length);
      if (problem !== undefined) host.fail(problem.code, problem.message);
      else if (type > Http2FrameType.Continuation) host.abuse.chargeFrame();
    }
  }

  #mayBeFirst(type: number, flags: number): boolean {
    if (type === Http2FrameType.GoAway) return this.#host.mayBeRefused;
    return type === Http2FrameType.Settings && (flags & Http2Flag.Ack) === 0;
  }

  onData(chunk: Buffer, start: number, end: number): void {
    this.#data.receive(chunk, start, end);
  }

  onDataEnd(): void {
    this.#data.end();
  }

  onPayload(payload: Buffer): void {
    switch (this.#type) {
      case Http2FrameType.Headers:
        return this.#onHeaders(payload);
      case Http2FrameType.Continuation:
        return this.#onContinuation(payload);
      case Http2FrameType.Priority:
        return this.#onPriority(payload);
      case Http2FrameType.RstStream:
        return this.#onRstStream(payload.readUInt32BE(0));
      case Http2FrameType.Settings:
        return this.#onSettings(payload);
      case Http2FrameType.Ping:
        return this.#onPing(payload);
      case Http2FrameType.GoAway:
        return this.#onGoAway(payload);
      case Http2FrameType.WindowUpdate:
        return this.#onWindowUpdate(payload.readUInt32BE(0) & MAX_WINDOW_SIZE);
    }
  }

  #onHeaders(payload: Buffer): void {
    const parsed = parseHeadersPayload(this.#flags, payload);
    if (parsed === undefined) return this.onBadPadding();
    const { start, end, dependency } = parsed;
    if (dependency === this.#streamId) return this.#fail('a stream that depends on itself');
    const endStream = (this.#flags & Http2Flag.EndStream) !== 0;
    if (this.#flags & Http2Flag.EndHeaders) {
      this.#host.receiveHeaders(this.#streamId, payload, start, end, endStream);
      return;
    }
    this.#block = new HeaderBlock(this.#streamId, endStream, this.#host);
    this.#addToBlock(this.#block, payload.subarray(start, end));
  }

  #onContinuation(payload: Buffer): void {
    const block = this.#block!;
    if (!this.#addToBlock(block, payload) || !(this.#flags & Http2Flag.EndHeaders)) return;
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
    if (!this.#host.abuse.chargeFrame()) return;
    if (payload.length !== 5) {
      this.#resetIfOpen(ErrorCode.FrameSizeError, 'PRIORITY of a wrong size');
    } else if ((payload.readUInt32BE(0) & MAX_WINDOW_SIZE) === this.#streamId) {
      this.#resetIfOpen(ErrorCode.ProtocolError, 'a stream that depends on itself');
    }
  }

  /** A stream that is not open cannot be reset: then it is the connection that fails. */
  #resetIfOpen(code: ErrorCode, message: string): void {
    if (this.#host.streams.get(this.#streamId))
      this.#host.resetStream(this.#streamId, code, message);
    else this.#host.fail(code, message);
  }

  #onRstStream(code: number): void {
    const { streams, abuse } = this.#host;
    const id = this.#streamId;
    if (streams.isIdle(id)) {
      return this.#fail(`RST_STREAM on stream ${id}, which nobody has opened`);
    }
    const stream = streams.get(id);
    if (stream === undefined) {
      // Both gave it up at once.
      if (!streams.forgetReset(id)) abuse.chargeFrame();
      return;
    }
    const wanted = streams.isOurs(id) || stream.isWanted;
    const message = `the peer reset stream ${id} with code ${code}`;
    stream.abort(http2Error('stream', code, message, true));
    if (!wanted) abuse.chargeReset();
  }

  #onSettings(payload: Buffer): void {
    const { abuse } = this.#host;
    this.#hasSettings = true;
    if (this.#flags & Http2Flag.Ack) {
      if (!this.#host.receiveSettingsAck()) abuse.chargeFrame();
    } else if (abuse.chargeFrame(payload.length)) {
      this.#host.receiveSettings(payload);
    }
  }

  #onPing(payload: Buffer): void {
    const { abuse, output } = this.#host;
    if (this.#flags & Http2Flag.Ack) {
      if (!this.#host.receivePong(payload)) abuse.chargeFrame();
    } else if (abuse.chargeFrame()) {
      output.frame(Http2FrameType.Ping, Http2Flag.Ack, 0, payload);
    }
  }

  #onGoAway(payload: Buffer): void {
    if (!this.#host.abuse.chargeFrame(payload.length)) return;
    const lastStreamId = payload.readUInt32BE(0) & MAX_WINDOW_SIZE;
    const code = payload.readUInt32BE(4);
    const debugData = payload.subarray(8);
    if (this.#hasSettings) this.#host.receiveGoAway(lastStreamId, code, debugData);
    else this.#host.receiveRefusal(code, debugData);
  }

  #onWindowUpdate(bytes: number): void {
    const { streams, abuse, output } = this.#host;
    const id = this.#streamId;
    // Credit may cross the end of its stream.
    if (streams.isIdle(id) && id > 0) {
      return this.#fail(`WINDOW_UPDATE on stream ${id}, which nobody has opened`);
    }
    if (!abuse.chargeWindowUpdate()) return;
    if (id > 0) {
      this.#grantStream(id, bytes);
    } else if (bytes === 0) {
      this.#fail('WINDOW_UPDATE of 0');
    } else if (output.window + bytes > MAX_WINDOW_SIZE) {
      this.#host.fail(ErrorCode.FlowControlError, 'the connection window is too large');
    } else {
      output.grant(bytes);
    }
  }

  #grantStream(id: number, bytes: number): void {
    const host = this.#host;
    const stream = host.streams.get(id);
    if (stream === undefined) return;
    if (bytes === 0) {
      host.resetStream(id, ErrorCode.ProtocolError, 'WINDOW_UPDATE of 0');
    } else if (stream.sendWindow + bytes > MAX_WINDOW_SIZE) {
      host.resetStream(id, ErrorCode.FlowControlError, 'the window of the stream is too large');
    } else {
      stream.grant(bytes);
      host.streams.noteCredit(stream.sendCredit);
    }
  }

  #fail(message: string): void {
    this.#host.fail(ErrorCode.ProtocolError, message);
  }
}
