import { ErrorCode } from './frame.js';
import type { ConnectionWindow } from './connection-window.js';
import type { Http2AbuseGuard } from './abuse-guard.js';
import type { SettingsExchange } from './settings-exchange.js';
import type { Http2Stream } from './stream.js';
import type { StreamTable } from './stream-table.js';

/** What DATA acts on. */
export interface DataReceiverHost {
  readonly streams: StreamTable;
  readonly window: ConnectionWindow;
  readonly settings: SettingsExchange;
  readonly abuse: Http2AbuseGuard;
  /** Nobody will read so much of it. */
  consumed(bytes: number): void;
  /** The peer has sent all there is on `stream`. */
  receiveEnd(stream: Http2Stream): void;
  resetStream(id: number, code: ErrorCode, message: string): void;
  fail(code: ErrorCode, message: string): void;
}

/** Takes DATA frames, piece by piece as they come: which may come, and where they go. */
export class DataReceiver {
  readonly #host: DataReceiverHost;
  /** Where the payload of the current frame goes; nowhere while it is thrown away. */
  #stream: Http2Stream | undefined;
  #length = 0;
  #delivered = 0;
  #endStream = false;

  constructor(host: DataReceiverHost) {
    this.#host = host;
  }

  /** A frame begins. */
  begin(id: number, length: number, endStream: boolean): void {
    const host = this.#host;
    this.#stream = undefined;
    this.#length = length;
    this.#delivered = 0;
    this.#endStream = endStream;
    if (length > host.window.open) {
      return host.fail(ErrorCode.FlowControlError, 'more DATA than the connection window allows');
    }
    host.window.spend(length);
    const stream = host.streams.get(id);
    if (stream === undefined) return this.#throwAway(id);
    if (stream.finished) {
      host.resetStream(id, ErrorCode.StreamClosed, 'DATA behind the end of the stream');
    } else if (!stream.hasHeaders) {
      host.resetStream(id, ErrorCode.ProtocolError, 'DATA before any headers');
    } else if (length > stream.receiveWindow + host.settings.unknownReduction) {
      host.resetStream(id, ErrorCode.FlowControlError, 'more DATA than the stream window allows');
    } else if (length > 0 || endStream || host.abuse.chargeFrame()) {
      stream.spend(length);
      this.#stream = stream;
    }
  }

  /** A piece of its payload. */
  receive(chunk: Buffer, start: number, end: number): void {
    const length = end - start;
    this.#delivered += length;
    this.#host.window.receive(length);
    // Looked at again for each piece: the application may have given the stream up at the last one.
    if (this.#stream === undefined || this.#stream.closed) this.#host.consumed(length);
    else this.#stream.receive(chunk, start, end);
  }

  /** It is complete. */
  end(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    const padding = this.#length - this.#delivered;
    if (stream !== undefined) this.#account();
    this.#host.window.receive(padding);
    if (stream === undefined || stream.closed) {
      this.#host.consumed(padding);
      return;
    }
    if (padding > 0) stream.receivePadding(padding);
    if (this.#endStream) this.#host.receiveEnd(stream);
  }

  /** Content pays for other frames; a frame of nothing but padding is as useless as an empty one. */
  #account(): void {
    const { abuse } = this.#host;
    if (this.#delivered > 0) abuse.refundData(this.#delivered);
    else if (this.#length > 0 && !this.#endStream) abuse.chargeFrame();
  }

  /** It came for a stream that is no more, or never was. */
  #throwAway(id: number): void {
    const { streams, abuse } = this.#host;
    if (streams.isIdle(id)) {
      const message = `DATA on stream ${id}, which nobody has opened`;
      this.#host.fail(ErrorCode.ProtocolError, message);
    } else if (!streams.wasReset(id)) {
      this.#host.fail(ErrorCode.StreamClosed, `DATA on stream ${id}, which is closed`);
    } else if (this.#length === 0 && !this.#endStream) {
      // Any other was on its way, and there may be much of it: what the windows allowed.
      abuse.chargeFrame();
    }
  }
}
