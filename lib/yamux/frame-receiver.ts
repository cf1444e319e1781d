import { YamuxError } from './errors.js';
import { YamuxFlag, YamuxFrameType, GoAwayCode, INITIAL_WINDOW, MAX_UINT32 } from './frame.js';
import type { YamuxFrameHandler } from './frame-parser.js';
import type { YamuxSessionContext } from './session-context.js';
import type { YamuxStream } from './stream.js';

/** The client opened the connection and uses odd stream ids; the server uses even ids. */
export type YamuxRole = 'client' | 'server';

/** Flags that make a frame useful even without data or credit. */
const MEANINGFUL = YamuxFlag.Syn | YamuxFlag.Fin | YamuxFlag.Rst;

/**
 * Applies the rules of the protocol to received frames: decides which stream a frame acts on, and
 * which frames are violations. All checks happen at the header, before any payload is read.
 */
export class YamuxFrameReceiver implements YamuxFrameHandler {
  readonly #context: YamuxSessionContext;
  /** The stream of the payload being parsed; undefined while the payload is discarded. */
  #receiver: YamuxStream | undefined;
  #receiverEnds = false;

  constructor(context: YamuxSessionContext) {
    this.#context = context;
  }

  onData(flags: number, id: number, length: number): void {
    this.#receiver = undefined;
    if (flags & YamuxFlag.Syn && length > INITIAL_WINDOW) return this.#windowExceeded(id, length);
    const stream = this.#streamOf(flags, id, INITIAL_WINDOW);
    if (stream === undefined) return this.#onDataForNobody(flags, length);
    if (length > stream.receiveWindow) return this.#windowExceeded(id, length);
    if (length > 0) this.#context.abuse.creditReceivedData(length);
    else if (!(flags & MEANINGFUL) && !this.#context.abuse.chargeFrame()) return;
    stream.spend(length);
    if (flags & YamuxFlag.Rst) {
      this.#onRst(stream);
    } else if (stream.receives || length === 0) {
      this.#receiver = stream;
      this.#receiverEnds = (flags & YamuxFlag.Fin) !== 0;
    } else {
      this.#resetForData(stream);
    }
  }

  onPayload(piece: Buffer): void {
    // Checked for each piece: the application may have destroyed the stream when it got the previous one.
    if (this.#receiver?.receives) this.#receiver.receive(piece);
  }

  onDataEnd(): void {
    const stream = this.#receiver;
    this.#receiver = undefined;
    if (stream !== undefined && this.#receiverEnds) this.#onFin(stream);
  }

  onWindowUpdate(flags: number, id: number, delta: number): void {
    const isSyn = (flags & YamuxFlag.Syn) !== 0;
    if (isSyn && INITIAL_WINDOW + delta > MAX_UINT32) return this.#windowOverflow(id);
    const stream = this.#streamOf(flags, id, isSyn ? INITIAL_WINDOW + delta : INITIAL_WINDOW);
    if (stream === undefined) {
      if (!isSyn) this.#context.abuse.chargeFrame();
      return;
    }
    if (flags & YamuxFlag.Rst) return this.#onRst(stream);
    if (!(flags & MEANINGFUL) && !this.#context.abuse.chargeFrame()) return;
    if (!isSyn && delta > 0) {
      if (stream.sendWindow + delta > MAX_UINT32) return this.#windowOverflow(id);
      stream.grant(delta);
    }
    if (flags & YamuxFlag.Fin) this.#onFin(stream);
  }

  onPing(flags: number, value: number): void {
    const { abuse, output, pings } = this.#context;
    if (flags & YamuxFlag.Syn) {
      if (abuse.chargeFrame()) output.control(YamuxFrameType.Ping, YamuxFlag.Ack, 0, value);
    } else if (!pings.receive(value)) {
      abuse.chargeFrame();
    }
  }

  onGoAway(code: number): void {
    if (code === GoAwayCode.Normal) {
      if (!this.#context.abuse.chargeFrame()) return;
      this.#context.opens.close(
        new YamuxError('ERR_YAMUX_REMOTE_GOAWAY', 'the peer accepts no new streams'),
      );
      return;
    }
    this.#context.lifecycle.fail(new YamuxError('ERR_YAMUX_REMOTE_ERROR', describeGoAway(code)));
  }

  onInvalid(message: string, rule?: string): void {
    const cause = rule === undefined ? undefined : new YamuxError('ERR_YAMUX_PROTOCOL', rule);
    this.#context.lifecycle.fail(
      new YamuxError('ERR_YAMUX_PROTOCOL', message, cause && { cause }),
      GoAwayCode.ProtocolError,
    );
  }

  /** Returns the stream of a frame: a new one for SYN; undefined if unknown, refused, or a violation. */
  #streamOf(flags: number, id: number, sendWindow: number): YamuxStream | undefined {
    if (flags & YamuxFlag.Syn) return this.#acceptSyn(id, sendWindow);
    // Any frame for a stream acknowledges it: some peers never send ACK.
    this.#context.opens.release(id);
    return this.#context.streams.get(id);
  }

  #acceptSyn(id: number, sendWindow: number): YamuxStream | undefined {
    const { streams, output, accepts, abuse } = this.#context;
    if (!streams.isOfPeer(id)) {
      this.onInvalid(`stream ${id} was opened with a number of the other side's`);
      return undefined;
    }
    if (streams.has(id)) {
      this.onInvalid(`stream ${id} was opened while it is open`);
      return undefined;
    }
    if (streams.refusesInbound || accepts.full) {
      if (!abuse.chargeFrame()) return undefined;
      abuse.expectLateData(INITIAL_WINDOW);
      output.control(YamuxFrameType.WindowUpdate, YamuxFlag.Rst, id, 0);
      return undefined;
    }
    const stream = streams.addInbound(id, sendWindow);
    accepts.offer(stream);
    if (stream.destroyed) abuse.chargeReset();
    // The application may already have ended the stream or the session.
    return streams.get(id);
  }

  #onFin(stream: YamuxStream): void {
    if (!stream.finished) return stream.receiveFin();
    stream.reset('the peer ended it twice');
    this.#context.abuse.chargeReset();
  }

  #onRst(stream: YamuxStream): void {
    const wasForNothing = this.#context.streams.isOfPeer(stream.id) && stream.isFresh;
    stream.receiveRst();
    if (wasForNothing) this.#context.abuse.chargeReset();
  }

  /**
   * Resets a stream for data that is not read: data after FIN, which is a violation, or data after
   * this side destroyed the stream.
   */
  #resetForData(stream: YamuxStream): void {
    const isViolation = stream.finished;
    stream.reset('the peer sends data that nobody will read');
    if (isViolation) this.#context.abuse.chargeReset();
  }

  #onDataForNobody(flags: number, length: number): void {
    // An empty frame with SYN is already accounted for as a stream.
    if (length > 0 || !(flags & YamuxFlag.Syn)) this.#context.abuse.chargeLateData(length);
  }

  #windowExceeded(id: number, length: number): void {
    this.#flowControlError(`sent ${length} bytes on stream ${id}, more than its window allows`);
  }

  #windowOverflow(id: number): void {
    this.#flowControlError(`raised the window of stream ${id} above ${MAX_UINT32} bytes`);
  }

  #flowControlError(what: string): void {
    this.#context.lifecycle.fail(
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
