import { YamuxFlag, YamuxFrameType, GoAwayCode, MAX_UINT32, YamuxError } from '../yamux/index.js';
import { encodeHeader } from './frame-header.js';
import type { RawSession } from './load-yamux-js.js';
import type { YamuxJsStream } from './yamux-js-stream.js';

/** The part of the session that `YamuxJsFrameReceiver` uses. */
export interface ReceiverHost {
  readonly streams: ReadonlyMap<number, YamuxJsStream>;
  /** Whether the session is over; the rest of a frame is ignored then. */
  isOver(): boolean;
  /** Called when the peer accepts no new streams. */
  refuseOpens(): void;
  /** Sends a reset of a stream to the peer. */
  reset(streamId: number): void;
}

/**
 * Passes the peer's frames to yamux-js in a form that it can handle, and handles the rest. yamux-js
 * understands one flag per frame, and only on window updates. Therefore this class passes a frame in parts,
 * and handles FIN and RST itself (C5 to C8, C14, C15; see docs/yamux-js.md).
 *
 * yamux-js handles each part before `write()` returns, because its output is never paused.
 */
export class YamuxJsFrameReceiver {
  readonly #yamux: RawSession;
  readonly #host: ReceiverHost;

  constructor(yamux: RawSession, host: ReceiverHost) {
    this.#yamux = yamux;
    this.#host = host;
  }

  /** @throws YamuxError if the frame violates the protocol, or is a GoAway that reports an error. */
  receive(frame: Buffer): void {
    const type = frame[1]!;
    if (type === YamuxFrameType.GoAway) this.#receiveGoAway(frame.readUInt32BE(8));
    else if (type === YamuxFrameType.Ping) this.#yamux.write(frame);
    else this.#receiveForStream(frame, type);
  }

  #receiveGoAway(code: number): void {
    this.#host.refuseOpens();
    if (code === GoAwayCode.Normal) return;
    throw new YamuxError('ERR_YAMUX_REMOTE_ERROR', `the peer ended the session with code ${code}`);
  }

  #receiveForStream(frame: Buffer, type: number): void {
    const flags = frame.readUInt16BE(2);
    const id = frame.readUInt32BE(4);
    const length = frame.readUInt32BE(8);
    if (flags & YamuxFlag.Syn) {
      this.#yamux.write(encodeHeader(YamuxFrameType.WindowUpdate, YamuxFlag.Syn, id, 0));
    }
    if (this.#host.isOver()) return;
    const stream = this.#host.streams.get(id);
    if (stream === undefined) {
      // The peer still sends data on a stream that this side has left.
      if (type === YamuxFrameType.Data && length > 0 && !(flags & YamuxFlag.Rst))
        this.#host.reset(id);
      return;
    }
    if (type === YamuxFrameType.Data) this.#receiveData(stream, frame, flags);
    else this.#receiveCredit(stream, flags & YamuxFlag.Ack, length);
    if (this.#host.isOver()) return;
    if (flags & YamuxFlag.Rst) stream.receiveReset();
    else if (flags & YamuxFlag.Fin) stream.receiveFin();
  }

  #receiveData(stream: YamuxJsStream, frame: Buffer, flags: number): void {
    const length = frame.readUInt32BE(8);
    if (length > stream.receiveWindow) {
      throw windowError(`sent ${length} bytes on stream ${stream.id}`, stream.receiveWindow);
    }
    if (length === 0) return;
    if (flags === 0) {
      this.#yamux.write(frame);
      return;
    }
    const plain = Buffer.from(frame);
    plain.writeUInt16BE(0, 2);
    this.#yamux.write(plain);
  }

  #receiveCredit(stream: YamuxJsStream, ack: number, delta: number): void {
    if (delta === 0 && ack === 0) return;
    if (stream.sendWindow + delta > MAX_UINT32) {
      throw windowError(`raised the window of stream ${stream.id} by ${delta}`, MAX_UINT32);
    }
    this.#yamux.write(encodeHeader(YamuxFrameType.WindowUpdate, ack, stream.id, delta));
    stream.grant(delta);
  }
}

function windowError(deed: string, window: number): YamuxError {
  return new YamuxError('ERR_YAMUX_FLOW_CONTROL', `the peer ${deed}; the window is ${window}`);
}
