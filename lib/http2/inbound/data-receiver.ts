import { ErrorCode } from '../frame.js';
import type { ConnectionContext } from '../connection-context.js';
import type { Http2Stream } from '../stream.js';
import type { MessageReceiver } from './message-receiver.js';

/** Takes DATA frames, piece by piece as they come: which may come, and where they go. */
export class DataReceiver {
  readonly #context: ConnectionContext;
  readonly #messages: MessageReceiver;
  /** Where the payload of the current frame goes; nowhere while it is thrown away. */
  #stream: Http2Stream | undefined;
  #length = 0;
  #delivered = 0;
  #endStream = false;

  /** @param messages - told when a message ends with DATA. */
  constructor(context: ConnectionContext, messages: MessageReceiver) {
    this.#context = context;
    this.#messages = messages;
  }

  /** A frame begins. */
  begin(id: number, length: number, endStream: boolean): void {
    const context = this.#context;
    this.#stream = undefined;
    this.#length = length;
    this.#delivered = 0;
    this.#endStream = endStream;
    if (length > context.window.open) {
      return context.lifecycle.fail(
        ErrorCode.FlowControlError,
        'more DATA than the connection window allows',
      );
    }
    context.window.spend(length);
    const stream = context.streams.get(id);
    if (stream === undefined) return this.#throwAway(id);
    if (stream.finished) {
      context.resetStream(id, ErrorCode.StreamClosed, 'DATA behind the end of the stream');
    } else if (!stream.hasHeaders) {
      context.resetStream(id, ErrorCode.ProtocolError, 'DATA before any headers');
    } else if (length > stream.receiveWindow + context.settings.unknownReduction) {
      context.resetStream(
        id,
        ErrorCode.FlowControlError,
        'more DATA than the stream window allows',
      );
    } else if (length > 0 || endStream || context.abuse.chargeFrame()) {
      stream.spend(length);
      this.#stream = stream;
    }
  }

  /** A piece of its payload. */
  receive(chunk: Buffer, start: number, end: number): void {
    const length = end - start;
    this.#delivered += length;
    this.#context.window.receive(length);
    // Looked at again for each piece: the application may have given the stream up at the last one.
    if (this.#stream === undefined || this.#stream.closed) this.#context.consumed(length);
    else this.#stream.receive(chunk, start, end);
  }

  /** It is complete. */
  end(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    const padding = this.#length - this.#delivered;
    if (stream !== undefined) this.#account();
    this.#context.window.receive(padding);
    if (stream === undefined || stream.closed) {
      this.#context.consumed(padding);
      return;
    }
    if (padding > 0) stream.receivePadding(padding);
    if (this.#endStream) this.#messages.receiveEnd(stream);
  }

  /** Content pays for other frames; a frame of nothing but padding is as useless as an empty one. */
  #account(): void {
    const { abuse } = this.#context;
    if (this.#delivered > 0) abuse.refundData(this.#delivered);
    else if (this.#length > 0 && !this.#endStream) abuse.chargeFrame();
  }

  /** It came for a stream that is no more, or never was. */
  #throwAway(id: number): void {
    const { streams, abuse } = this.#context;
    if (streams.isIdle(id)) {
      const message = `DATA on stream ${id}, which nobody has opened`;
      this.#context.lifecycle.fail(ErrorCode.ProtocolError, message);
    } else if (!streams.wasReset(id)) {
      this.#context.lifecycle.fail(ErrorCode.StreamClosed, `DATA on stream ${id}, which is closed`);
    } else if (this.#length === 0 && !this.#endStream) {
      // Any other was on its way, and there may be much of it: what the windows allowed.
      abuse.chargeFrame();
    }
  }
}
