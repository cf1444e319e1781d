import { ErrorCode } from '../protocol/frame.js';
import type { ConnectionContext } from '../connection-context.js';
import type { Http2Stream } from '../stream/stream.js';
import type { MessageReceiver } from './message-receiver.js';

/** Checks DATA frames, and passes their content to the stream as it arrives. */
export class DataReceiver {
  readonly #context: ConnectionContext;
  readonly #messages: MessageReceiver;
  /** Stream of the current frame; undefined while the payload is dropped. */
  #stream: Http2Stream | undefined;
  #length = 0;
  #delivered = 0;
  #endStream = false;

  /** @param messages - notified when DATA ends a message. */
  constructor(context: ConnectionContext, messages: MessageReceiver) {
    this.#context = context;
    this.#messages = messages;
  }

  /** Handles the header of a DATA frame; `length` includes padding. */
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

  /** Handles a piece of the content. */
  receive(chunk: Buffer, start: number, end: number): void {
    const length = end - start;
    this.#delivered += length;
    this.#context.window.receive(length);
    // Checked for each piece: the application may have reset the stream at the previous one.
    if (this.#stream === undefined || this.#stream.closed) this.#context.consumed(length);
    else this.#stream.receive(chunk, start, end);
  }

  /** Handles the end of the frame. */
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

  /** Content refunds useless frames; a frame that has only padding is as useless as an empty one. */
  #account(): void {
    const { abuse } = this.#context;
    if (this.#delivered > 0) abuse.refundData(this.#delivered);
    else if (this.#length > 0 && !this.#endStream) abuse.chargeFrame();
  }

  /** Drops a frame for a stream that is closed or was never opened. */
  #throwAway(id: number): void {
    const { streams, abuse } = this.#context;
    if (streams.isIdle(id)) {
      const message = `DATA on stream ${id}, which nobody has opened`;
      this.#context.lifecycle.fail(ErrorCode.ProtocolError, message);
    } else if (!streams.wasReset(id)) {
      this.#context.lifecycle.fail(ErrorCode.StreamClosed, `DATA on stream ${id}, which is closed`);
    } else if (this.#length === 0 && !this.#endStream) {
      // Other frames are free: as much as the windows allow may have been in transit.
      abuse.chargeFrame();
    }
  }
}
