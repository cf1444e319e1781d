import type { Duplex } from 'node:stream';
import {
  borrowSlab,
  reportCopied,
  returnSlab,
  WriteScheduler,
  type Sendable,
  type Slab,
  type WriteSchedulerHost,
} from '../wire/index.js';
import { YamuxFrameType, HEADER_LENGTH, writeHeader } from './frame.js';

/** A stream with data that its send window allows. */
export interface YamuxFrameSource extends Sendable {
  /** Sends one data frame through `output.dataHeader` and `output.payload`. */
  sendFrame(output: YamuxFrameOutput): void;
}

/** Events of a `YamuxFrameOutput`, which the session handles. */
export interface YamuxFrameOutputEvents {
  /** A flush has written its frames to the socket. */
  onWritten(): void;
  /**
   * Called with true when too many control frames wait for a peer that does not read: stop reading from the
   * peer. Called with false when these frames are written: read again.
   */
  onControlPressure(high: boolean): void;
  /** A flush is done, and nothing that can be sent is left. */
  onIdle(): void;
}

/** Payloads up to this many bytes are copied behind their header, which is cheaper than a separate write. */
const COPY_LIMIT = 2048;
/** Control frames that may wait while the socket is full. */
const CONTROL_LIMIT = 16_384;

/**
 * Writes the frames of a session. All frames of one tick are written together at its end: control
 * frames first, then one data frame of each ready stream in turn. Control frames without data wait for the
 * end of the turn of the event loop.
 */
export class YamuxFrameOutput implements WriteSchedulerHost<YamuxFrameSource> {
  /** Nothing blocks all streams at once: windows are those of streams. */
  readonly blocked = false;
  readonly #events: YamuxFrameOutputEvents;
  /** Waiting control frames, three numbers each: type and flags, stream id, length. */
  #control: number[] = [];
  #controlPressure = false;
  readonly #scheduler: WriteScheduler<YamuxFrameSource>;
  /** Collects headers and small payloads; undefined while nothing is being written. */
  #slab: Slab | undefined;
  /** Offset in the slab of the first byte that the socket has not been given. */
  #slabStart = 0;

  constructor(socket: Duplex, events: YamuxFrameOutputEvents) {
    this.#events = events;
    this.#scheduler = new WriteScheduler(socket, this);
  }

  /** Bytes that the network has taken so far. */
  get bytesTaken(): number {
    return this.#scheduler.bytesTaken;
  }

  /** Largest payload of a data frame in bytes; smaller on a slow link. */
  get frameLimit(): number {
    return this.#scheduler.atATime;
  }

  /** Queues a frame without payload. */
  control(type: number, flags: number, streamId: number, length: number): void {
    if (this.#scheduler.ended) return;
    this.#control.push((type << 16) | flags, streamId, length);
    if (
      !this.#controlPressure &&
      this.#control.length > CONTROL_LIMIT * 3 &&
      this.#scheduler.full
    ) {
      this.#controlPressure = true;
      this.#events.onControlPressure(true);
    }
    this.#scheduler.scheduleLate();
  }

  /** Lets `source` send in turn with others until it is no longer sendable. */
  activate(source: YamuxFrameSource): void {
    this.#scheduler.activate(source);
  }

  deactivate(source: YamuxFrameSource): void {
    this.#scheduler.deactivate(source);
  }

  /** Begins a data frame. For sources only, inside `sendFrame`. */
  dataHeader(streamId: number, length: number): void {
    this.#header(YamuxFrameType.Data << 16, streamId, length);
  }

  /** Adds a piece of the payload of the current data frame. The piece must not be changed afterwards. */
  payload(piece: Buffer): void {
    if (piece.length > COPY_LIMIT) {
      this.#writeSlab();
      this.#scheduler.writePayload(piece);
      return;
    }
    const slab = this.#reserve(piece.length);
    slab.bytes.set(piece, slab.offset);
    slab.offset += piece.length;
    reportCopied(piece);
  }

  /** Writes the waiting control frames, then ends the socket. Unsent data of streams is dropped. */
  end(): void {
    this.#scheduler.end();
    this.discard();
  }

  /** Stops writing and drops the waiting frames. The socket stays open. */
  discard(): void {
    this.#scheduler.discard();
    this.#control = [];
  }

  // ---- Called by the scheduler

  /** Writes the waiting control frames. */
  onFlushStart(): void {
    const frames = this.#control;
    if (frames.length === 0) return;
    this.#control = [];
    for (let i = 0; i < frames.length; i += 3) {
      this.#header(frames[i]!, frames[i + 1]!, frames[i + 2]!);
    }
    if (this.#controlPressure) {
      this.#controlPressure = false;
      this.#events.onControlPressure(false);
    }
  }

  sendFrame(source: YamuxFrameSource): void {
    source.sendFrame(this);
  }

  onFlushEnd(): void {
    this.#writeSlab();
    if (this.#slab) returnSlab(this.#slab);
    this.#slab = undefined;
    if (this.#scheduler.ended) return;
    this.#events.onWritten();
    if (this.#scheduler.idle && this.#control.length === 0) this.#events.onIdle();
  }

  // ---- Private methods

  #header(typeAndFlags: number, streamId: number, length: number): void {
    const slab = this.#reserve(HEADER_LENGTH);
    writeHeader(
      slab.bytes,
      slab.offset,
      typeAndFlags >>> 16,
      typeAndFlags & 0xffff,
      streamId,
      length,
    );
    slab.offset += HEADER_LENGTH;
  }

  /** Returns a slab with room for `bytes`. If the current slab has too little, first writes its content. */
  #reserve(bytes: number): Slab {
    const slab = this.#slab;
    if (slab !== undefined && slab.bytes.length - slab.offset >= bytes) return slab;
    this.#writeSlab();
    this.#slab = borrowSlab(bytes);
    this.#slabStart = this.#slab.offset;
    return this.#slab;
  }

  #writeSlab(): void {
    const slab = this.#slab;
    if (slab === undefined || slab.offset === this.#slabStart) return;
    this.#scheduler.write(slab.bytes.subarray(this.#slabStart, slab.offset));
    this.#slabStart = slab.offset;
  }
}
