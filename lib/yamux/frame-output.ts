import type { Duplex } from 'node:stream';
import { borrowSlab, returnSlab, WriteScheduler, type Slab, type Sendable } from '../wire/index.js';
import { YamuxFrameType, HEADER_LENGTH, writeHeader } from './frame.js';

/** A stream with data that the peer's window lets through. */
export interface YamuxFrameSource extends Sendable {
  /** Sends one data frame through `output.dataHeader` and `output.payload`. */
  sendFrame(output: YamuxFrameOutput): void;
}

/** What the session does when its output needs it. */
export interface YamuxFrameOutputEvents {
  /** The socket was given what there was to write. */
  onWritten(): void;
  /** Too many control frames wait for a peer that does not read: read no more from it, or again. */
  onControlPressure(high: boolean): void;
  /** Something was written, and nothing that could be written is left. */
  onIdle(): void;
}

/** Payloads up to this size are cheaper to copy behind their header than to hand over on their own. */
const COPY_LIMIT = 2048;
/** Control frames that may wait while the socket is full. */
const CONTROL_LIMIT = 16_384;

/**
 * The writing end of a session. All frames of one turn of the event loop leave together in one
 * write at its end: control frames first, then one data frame from each ready stream in turn.
 */
export class YamuxFrameOutput {
  readonly #events: YamuxFrameOutputEvents;
  /** Waiting control frames, three numbers each: type and flags, stream id, length. */
  #control: number[] = [];
  #controlPressure = false;
  readonly #scheduler: WriteScheduler<YamuxFrameSource>;
  /** Where headers and small payloads are gathered; none while nothing is being written. */
  #slab: Slab | undefined;
  /** Where in the slab the bytes begin that the socket has not. */
  #slabStart = 0;

  constructor(socket: Duplex, events: YamuxFrameOutputEvents) {
    this.#events = events;
    this.#scheduler = new WriteScheduler(socket, {
      blocked: false,
      onFlushStart: () => this.#flushControl(),
      sendFrame: (source) => source.sendFrame(this),
      onFlushEnd: () => this.#afterTurns(),
    });
  }

  /** Bytes that the network has taken so far. */
  get bytesTaken(): number {
    return this.#scheduler.bytesTaken;
  }

  /** Bytes that a frame with data may have: fewer where the link is slow. */
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
    this.#scheduler.schedule();
  }

  /** Gives `source` its turns until it is no longer sendable. */
  activate(source: YamuxFrameSource): void {
    this.#scheduler.activate(source);
  }

  deactivate(source: YamuxFrameSource): void {
    this.#scheduler.deactivate(source);
  }

  /** Begins a data frame; for sources, inside `sendFrame`. */
  dataHeader(streamId: number, length: number): void {
    this.#header(YamuxFrameType.Data << 16, streamId, length);
  }

  /** Adds a piece of the payload of the data frame just begun; it must not be changed any more. */
  payload(piece: Buffer): void {
    if (piece.length > COPY_LIMIT) {
      this.#writeSlab();
      this.#scheduler.write(piece);
      return;
    }
    const slab = this.#reserve(piece.length);
    slab.bytes.set(piece, slab.offset);
    slab.offset += piece.length;
  }

  /** Writes what waits, then ends the socket. Data of streams that had no turn yet is dropped. */
  end(): void {
    this.#scheduler.end();
    this.discard();
  }

  /** Lets go of the socket and drops what waits. */
  discard(): void {
    this.#scheduler.discard();
    this.#control = [];
  }

  #flushControl(): void {
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

  #afterTurns(): void {
    this.#writeSlab();
    if (this.#slab) returnSlab(this.#slab);
    this.#slab = undefined;
    if (this.#scheduler.ended) return;
    this.#events.onWritten();
    if (this.#scheduler.idle && this.#control.length === 0) this.#events.onIdle();
  }

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

  /** A slab with room for `bytes`; what stands in one that has too little of it goes to the socket. */
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
