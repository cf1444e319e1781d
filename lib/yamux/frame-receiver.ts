import type { AcceptQueue } from './accept-queue.js';
import { YamuxError } from './errors.js';
import { Flag, FrameType, GoAwayCode, INITIAL_WINDOW, MAX_UINT32 } from './frame.js';
import type { FrameOutput } from './frame-output.js';
import type { FrameHandler } from './frame-parser.js';
import type { OpenQueue } from './open-queue.js';
import type { Pings } from './pings.js';
import type { YamuxStream } from './stream.js';

/** The client is the side that opened the connection; it numbers its streams odd, the server even. */
export type YamuxRole = 'client' | 'server';

/** The parts of a session that frames act on. */
export interface FrameReceiverHost {
  readonly peer: YamuxRole;
  readonly streams: ReadonlyMap<number, YamuxStream>;
  readonly output: FrameOutput;
  readonly opens: OpenQueue<YamuxStream>;
  readonly accepts: AcceptQueue;
  readonly pings: Pings;
  /** Whether a stream that the peer opens now is to be reset. */
  refusesStreams(): boolean;
  createStream(id: number, sendWindow: number): YamuxStream;
  /** Ends the session; with a code, the peer is told. */
  fail(error: YamuxError, goAwayCode?: GoAwayCode): void;
}

/**
 * Applies the rules of the protocol to the frames of the peer: what each one does to which stream,
 * and which ones are violations. Everything is checked at the header, before any payload is read.
 */
export class FrameReceiver implements FrameHandler {
  readonly #host: FrameReceiverHost;
  /** The stream that the payload being parsed belongs to; none while it is thrown away. */
  #receiver: YamuxStream | undefined;
  #receiverEnds = false;

  constructor(host: FrameReceiverHost) {
    this.#host = host;
  }

  onData(flags: number, id: number, length: number): void {
    this.#receiver = undefined;
    if (flags & Flag.Syn && length > INITIAL_WINDOW) return this.#windowExceeded(id, length);
    const stream = this.#streamOf(flags, id, INITIAL_WINDOW);
    if (stream === undefined) return;
    if (length > stream.receiveWindow) return this.#windowExceeded(id, length);
    stream.spend(length);
    if (flags & Flag.Rst) {
      stream.receiveRst();
    } else if (stream.receives || length === 0) {
      this.#receiver = stream;
      this.#receiverEnds = (flags & Flag.Fin) !== 0;
    } else {
      stream.reset('the peer sends data that nobody will read');
    }
  }

  onPayload(piece: Buffer): void {
    // Looked at again for each piece: the application may have destroyed the stream at the last one.
    if (this.#receiver?.receives) this.#receiver.receive(piece);
  }

  onDataEnd(): void {
    const stream = this.#receiver;
    this.#receiver = undefined;
    if (stream !== undefined && this.#receiverEnds) this.#onFin(stream);
  }

  onWindowUpdate(flags: number, id: number, delta: number): void {
    const isSyn = (flags & Flag.Syn) !== 0;
    if (isSyn && INITIAL_WINDOW + delta > MAX_UINT32) return this.#windowOverflow(id);
    const stream = this.#streamOf(flags, id, isSyn ? INITIAL_WINDOW + delta : INITIAL_WINDOW);
    if (stream === undefined) return;
    if (flags & Flag.Rst) return stream.receiveRst();
    if (!isSyn && delta > 0) {
      if (stream.sendWindow + delta > MAX_UINT32) return this.#windowOverflow(id);
      stream.grant(delta);
    }
    if (flags & Flag.Fin) this.#onFin(stream);
  }

  onPing(flags: number, value: number): void {
    if (flags & Flag.Syn) this.#host.output.control(FrameType.Ping, Flag.Ack, 0, value);
    else this.#host.pings.receive(value);
  }

  onGoAway(code: number): void {
    if (code === GoAwayCode.Normal) {
      this.#host.opens.close(
        new YamuxError('ERR_YAMUX_REMOTE_GOAWAY', 'the peer accepts no new streams'),
      );
      return;
    }
    this.#host.fail(new YamuxError('ERR_YAMUX_REMOTE_ERROR', describeGoAway(code)));
  }

  onInvalid(message: string): void {
    this.#host.fail(new YamuxError('ERR_YAMUX_PROTOCOL', message), GoAwayCode.ProtocolError);
  }

  /** The stream a frame is for: a new one for SYN; none if it is unknown, refused, or a violation. */
  #streamOf(flags: number, id: number, sendWindow: number): YamuxStream | undefined {
    if (id === 0) {
      this.onInvalid('frame for stream 0; the peer may not speak yamux at all');
      return undefined;
    }
    if (flags & Flag.Syn) return this.#acceptSyn(id, sendWindow);
    // Any sign that the peer knows a stream acknowledges it; some never send ACK.
    this.#host.opens.release(id);
    return this.#host.streams.get(id);
  }

  #acceptSyn(id: number, sendWindow: number): YamuxStream | undefined {
    const { peer, streams, output, accepts } = this.#host;
    if ((id % 2 === 1) !== (peer === 'client')) {
      this.onInvalid(`stream ${id} was opened with a number of the other side's`);
      return undefined;
    }
    if (streams.has(id)) {
      this.onInvalid(`stream ${id} was opened while it is open`);
      return undefined;
    }
    if (this.#host.refusesStreams() || accepts.full) {
      output.control(FrameType.WindowUpdate, Flag.Rst, id, 0);
      return undefined;
    }
    accepts.offer(this.#host.createStream(id, sendWindow));
    // The application may have ended the stream, or the session, already.
    return streams.get(id);
  }

  #onFin(stream: YamuxStream): void {
    if (stream.finished) stream.reset('the peer ended it twice');
    else stream.receiveFin();
  }

  #windowExceeded(id: number, length: number): void {
    this.#flowControlError(`sent ${length} bytes on stream ${id}, more than its window allows`);
  }

  #windowOverflow(id: number): void {
    this.#flowControlError(`raised the window of stream ${id} above ${MAX_UINT32} bytes`);
  }

  #flowControlError(what: string): void {
    this.#host.fail(
      new YamuxError('ERR_YAMUX_FLOW_CONTROL', `the peer ${what}`),
      GoAwayCode.ProtocolError,
    );
  }
}

function describeGoAway(code: number): string {
  if (code === GoAwayCode.ProtocolError) return 'the peer reports a protocol error of ours';
  if (code === GoAwayCode.InternalError) return 'the peer reports an internal error of its own';
  return `the peer ended the session with the unknown GoAway code ${code}`;
}
