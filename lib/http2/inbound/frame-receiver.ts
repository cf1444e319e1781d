import type { ConnectionContext } from '../connection-context.js';
import { ErrorCode, Http2Flag, Http2FrameType, MAX_WINDOW_SIZE } from '../protocol/frame.js';
import { ControlReceiver } from './control-receiver.js';
import { DataReceiver } from './data-receiver.js';
import type { Http2FrameHandler } from './frame-parser.js';
import { frameProblem } from './frame-rules.js';
import { HeaderBlock, parseHeadersPayload, type HeaderBlockLimits } from './header-block.js';
import { MessageReceiver } from './message-receiver.js';

/**
 * Receives the frames of the peer: checks frame headers and the order of frames (RFC 9113, sections 4.3,
 * 5 and 6), joins header blocks, and passes each frame to its receiver.
 */
export class Http2FrameReceiver implements Http2FrameHandler {
  readonly #context: ConnectionContext;
  readonly #control: ControlReceiver;
  readonly #messages: MessageReceiver;
  readonly #data: DataReceiver;
  readonly #blockLimits: HeaderBlockLimits;
  readonly #maxFrameSize: number;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Header block that is not complete yet: CONTINUATION follows. */
  #block: HeaderBlock | undefined;

  constructor(context: ConnectionContext) {
    const { maxFrameSize, maxHeaderListSize, maxContinuations } = context.options;
    this.#context = context;
    this.#control = new ControlReceiver(context);
    this.#messages = new MessageReceiver(context);
    this.#data = new DataReceiver(context, this.#messages);
    this.#maxFrameSize = maxFrameSize;
    this.#blockLimits = {
      maxHeaderBlockSize: Math.max(maxFrameSize, maxHeaderListSize),
      maxContinuations,
    };
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
    if (length > this.#maxFrameSize) {
      const message = `frame of ${length} bytes; ${this.#maxFrameSize} are allowed`;
      this.#context.lifecycle.fail(ErrorCode.FrameSizeError, message);
    } else if (!this.#context.settings.received && !this.#mayBeFirst(type, flags)) {
      this.#fail('the first frame is not SETTINGS');
    } else if (this.#block !== undefined) {
      if (type !== Http2FrameType.Continuation || streamId !== this.#block.streamId) {
        this.#fail('a header block was interrupted');
      }
    } else if (type === Http2FrameType.Data && streamId > 0 && !lacksPadLength(flags, length)) {
      this.#data.begin(streamId, length, (flags & Http2Flag.EndStream) !== 0);
    } else {
      const { lifecycle, abuse } = this.#context;
      const problem = frameProblem(type, flags, streamId, length);
      if (problem !== undefined) lifecycle.fail(problem.code, problem.message);
      else if (type > Http2FrameType.Continuation) abuse.chargeFrame();
    }
  }

  /** Whether the frame may be the peer's first: SETTINGS or, from a server that refuses us, GOAWAY. */
  #mayBeFirst(type: number, flags: number): boolean {
    if (type === Http2FrameType.GoAway) return !this.#context.isServer;
    return type === Http2FrameType.Settings && (flags & Http2Flag.Ack) === 0;
  }

  onData(chunk: Buffer, start: number, end: number): void {
    this.#data.receive(chunk, start, end);
  }

  onDataEnd(): void {
    this.#data.end();
  }

  onPayload(payload: Buffer): void {
    const control = this.#control;
    switch (this.#type) {
      case Http2FrameType.Headers:
        return this.#onHeaders(payload);
      case Http2FrameType.Continuation:
        return this.#onContinuation(payload);
      case Http2FrameType.Priority:
        return control.priority(this.#streamId, payload);
      case Http2FrameType.RstStream:
        return control.rstStream(this.#streamId, payload.readUInt32BE(0));
      case Http2FrameType.Settings:
        return control.settings(this.#flags, payload);
      case Http2FrameType.Ping:
        return control.ping(this.#flags, payload);
      case Http2FrameType.GoAway:
        return control.goAway(payload);
      case Http2FrameType.WindowUpdate:
        return control.windowUpdate(this.#streamId, payload.readUInt32BE(0) & MAX_WINDOW_SIZE);
    }
  }

  #onHeaders(payload: Buffer): void {
    const parsed = parseHeadersPayload(this.#flags, payload);
    if (parsed === undefined) return this.onBadPadding();
    const { start, end, dependency } = parsed;
    if (dependency === this.#streamId) return this.#fail('a stream that depends on itself');
    const endStream = (this.#flags & Http2Flag.EndStream) !== 0;
    if (this.#flags & Http2Flag.EndHeaders) {
      this.#messages.receiveHeaders(this.#streamId, payload, start, end, endStream);
      return;
    }
    this.#block = new HeaderBlock(this.#streamId, endStream, this.#blockLimits);
    this.#addToBlock(this.#block, payload.subarray(start, end));
  }

  #onContinuation(payload: Buffer): void {
    const block = this.#block!;
    if (!this.#addToBlock(block, payload) || !(this.#flags & Http2Flag.EndHeaders)) return;
    this.#block = undefined;
    const whole = block.complete();
    this.#messages.receiveHeaders(block.streamId, whole, 0, whole.length, block.endStream);
  }

  #addToBlock(block: HeaderBlock, fragment: Buffer): boolean {
    if (block.add(fragment)) return true;
    const message = 'a header block that is too large';
    this.#context.lifecycle.fail(ErrorCode.EnhanceYourCalm, message);
    return false;
  }

  #fail(message: string): void {
    this.#context.lifecycle.fail(ErrorCode.ProtocolError, message);
  }
}

/** Whether the frame is too short for the pad length that its flags call for. */
function lacksPadLength(flags: number, length: number): boolean {
  return length === 0 && (flags & Http2Flag.Padded) !== 0;
}
