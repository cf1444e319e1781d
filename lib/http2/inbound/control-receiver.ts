import type { ConnectionContext } from '../connection-context.js';
import { http2Error, type Http2Error } from '../protocol/errors.js';
import { EARLY_WINDOW } from '../protocol/early.js';
import {
  DEFAULT_WINDOW_SIZE,
  ErrorCode,
  Http2Flag,
  Http2FrameType,
  MAX_WINDOW_SIZE,
} from '../protocol/frame.js';
import { decodeReason } from '../protocol/reason.js';

const NOTHING = Buffer.alloc(0);
const PRIORITY_LENGTH = 5;

/**
 * Applies the control frames: SETTINGS, PING, GOAWAY, WINDOW_UPDATE, RST_STREAM and PRIORITY (RFC 9113,
 * 6.3 to 6.9). `frameProblem` has checked their lengths, except that of PRIORITY.
 */
export class ControlReceiver {
  readonly #context: ConnectionContext;
  /** Lowest last stream id of the peer's GOAWAY frames. */
  #lastTakenId = Infinity;

  constructor(context: ConnectionContext) {
    this.#context = context;
  }

  settings(flags: number, payload: Buffer): void {
    const { abuse } = this.#context;
    if (flags & Http2Flag.Ack) {
      if (!this.#settingsAcknowledged()) abuse.chargeFrame();
    } else if (abuse.chargeFrame(payload.length)) {
      this.#applySettings(payload);
    }
  }

  ping(flags: number, payload: Buffer): void {
    const { abuse, output, pings } = this.#context;
    if (flags & Http2Flag.Ack) {
      if (!pings.receive(payload)) abuse.chargeFrame();
    } else if (abuse.chargeFrame()) {
      output.frame(Http2FrameType.Ping, Http2Flag.Ack, 0, payload);
    }
  }

  goAway(payload: Buffer): void {
    const { abuse, lifecycle, settings, user } = this.#context;
    if (!abuse.chargeFrame(payload.length)) return;
    const lastStreamId = payload.readUInt32BE(0) & MAX_WINDOW_SIZE;
    const code = payload.readUInt32BE(4);
    const reason = decodeReason(payload.subarray(8));
    if (!settings.received) return lifecycle.refused(code, reason);
    lifecycle.drain();
    user.goAway(code, reason);
    if (lastStreamId < this.#lastTakenId) this.#abortAbove(lastStreamId);
    lifecycle.closeIfDrained();
  }

  windowUpdate(id: number, bytes: number): void {
    const { streams, abuse, output, lifecycle } = this.#context;
    // Valid for a closed stream: the frame may have been in transit.
    if (streams.isIdle(id) && id > 0) {
      return this.#fail(`WINDOW_UPDATE on stream ${id}, which nobody has opened`);
    }
    if (!abuse.chargeWindowUpdate()) return;
    if (id > 0) {
      this.#grantStream(id, bytes);
    } else if (bytes === 0) {
      this.#fail('WINDOW_UPDATE of 0');
    } else if (output.window + bytes > MAX_WINDOW_SIZE) {
      lifecycle.fail(ErrorCode.FlowControlError, 'the connection window is too large');
    } else {
      output.grant(bytes);
    }
  }

  rstStream(id: number, code: number): void {
    const { streams, abuse } = this.#context;
    if (streams.isIdle(id)) {
      return this.#fail(`RST_STREAM on stream ${id}, which nobody has opened`);
    }
    const stream = streams.get(id);
    if (stream === undefined) {
      // Free if both sides have reset the stream.
      if (!streams.forgetReset(id)) abuse.chargeFrame();
      return;
    }
    const wanted = streams.isOurs(id) || stream.isWanted;
    const message = `the peer reset stream ${id} with code ${code}`;
    stream.abort(http2Error('stream', code, message, true));
    if (!wanted) abuse.chargeReset();
  }

  priority(id: number, payload: Buffer): void {
    if (!this.#context.abuse.chargeFrame()) return;
    if (payload.length !== PRIORITY_LENGTH) {
      this.#resetIfOpen(id, ErrorCode.FrameSizeError, 'PRIORITY of a wrong size');
    } else if ((payload.readUInt32BE(0) & MAX_WINDOW_SIZE) === id) {
      this.#resetIfOpen(id, ErrorCode.ProtocolError, 'a stream that depends on itself');
    }
  }

  #applySettings(payload: Buffer): void {
    const context = this.#context;
    const { settings, headers, output, user, lifecycle } = context;
    const isFirst = !settings.received;
    try {
      settings.receive(payload);
    } catch (error) {
      const { http2Code, message } = error as Http2Error;
      return lifecycle.fail(http2Code as ErrorCode, message);
    }
    headers.setMaxTableSize(settings.peer.headerTableSize);
    if (!this.#setInitialWindow(settings.peer.initialWindowSize)) return;
    output.frame(Http2FrameType.Settings, Http2Flag.Ack, 0, NOTHING);
    if (isFirst) output.grant(DEFAULT_WINDOW_SIZE - EARLY_WINDOW);
    if (isFirst) user.ready();
    if (context.hasRoom) user.room();
  }

  /** Returns whether the connection goes on. */
  #setInitialWindow(bytes: number): boolean {
    const { streams, abuse, output, lifecycle } = this.#context;
    if (bytes === output.initialStreamWindow) return true;
    if (bytes + streams.mostCredit > MAX_WINDOW_SIZE) {
      // `mostCredit` is only an upper bound: its stream may have used the credit, or be closed.
      if (!abuse.chargeVisits(streams.countCredit())) return false;
      if (bytes + streams.mostCredit > MAX_WINDOW_SIZE) {
        lifecycle.fail(ErrorCode.FlowControlError, 'the window of a stream is too large');
        return false;
      }
    }
    return abuse.chargeVisits(output.setInitialStreamWindow(bytes));
  }

  /** Returns whether an acknowledgement was pending. */
  #settingsAcknowledged(): boolean {
    const { settings, decoder, options } = this.#context;
    const owed = settings.acknowledge();
    if (owed) decoder.setMaxTableSize(options.headerTableSize);
    return owed;
  }

  /** Fails streams with ids above `lastStreamId`: the peer has not accepted them. */
  #abortAbove(lastStreamId: number): void {
    const { streams, abuse, isServer } = this.#context;
    this.#lastTakenId = lastStreamId;
    // A server opens no streams: all streams are the peer's.
    if (isServer || !abuse.chargeVisits(streams.size)) return;
    const reason = 'the peer did not take the stream';
    const error = http2Error('stream', ErrorCode.RefusedStream, reason, true);
    for (const stream of streams.all()) {
      if (stream.id > lastStreamId) stream.abort(error);
    }
  }

  #grantStream(id: number, bytes: number): void {
    const context = this.#context;
    const stream = context.streams.get(id);
    if (stream === undefined) return;
    if (bytes === 0) {
      context.resetStream(id, ErrorCode.ProtocolError, 'WINDOW_UPDATE of 0');
    } else if (stream.sendWindow + bytes > MAX_WINDOW_SIZE) {
      context.resetStream(id, ErrorCode.FlowControlError, 'the window of the stream is too large');
    } else {
      stream.grant(bytes);
      context.streams.noteCredit(stream.sendCredit);
    }
  }

  /** Resets an open stream; fails the connection for any other. */
  #resetIfOpen(id: number, code: ErrorCode, message: string): void {
    const { streams, lifecycle } = this.#context;
    if (streams.get(id)) this.#context.resetStream(id, code, message);
    else lifecycle.fail(code, message);
  }

  #fail(message: string): void {
    this.#context.lifecycle.fail(ErrorCode.ProtocolError, message);
  }
}
