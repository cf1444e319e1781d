import type { Duplex } from 'node:stream';
import { ByteWriter } from './byte-writer.js';
import { FRAME_HEADER_LENGTH, FrameType } from './frame.js';

/** A stream with data to send, asked for one frame at a time so that all get their turn. */
export interface FrameSource {
  /** Sends one frame. Returns whether there is more that may be sent. */
  sendFrame(): boolean;
}

/** What the connection does when its output needs it. */
export interface FrameOutputEvents {
  /** So much waits for a peer that reads nothing that no more is to be taken. */
  onOverflow(): void;
}

/** Bytes that may wait in the socket before streams have to wait. */
const SOCKET_HIGH_WATER = 256 * 1024;
/** Bytes of other frames than DATA that may wait beyond that. */
const CONTROL_LIMIT = 1024 * 1024;
/** Payloads up to this size are cheaper to copy behind their header than to hand over on their own. */
const COPY_LIMIT = 4096;
const FIRST_SLAB_SIZE = 1024;
const LAST_SLAB_SIZE = 64 * 1024;
/** A slab with less room left is not worth going on with. */
const LEAST_ROOM = 256;

/**
 * The writing end of a connection. Frames are written one behind the other; all of one turn of the
 * event loop leave together at its end, with one frame from each stream in turn that had to wait.
 */
export class FrameOutput {
  /** Where header blocks are written into, between `beginFrame` and `endFrame`. */
  readonly writer = new ByteWriter(FIRST_SLAB_SIZE);
  readonly #socket: Duplex;
  readonly #events: FrameOutputEvents;
  readonly #ready = new Set<FrameSource>();
  /** Where in the writer's buffer the bytes begin that the socket has not. */
  #start = 0;
  #flushScheduled = false;
  #overflowed = false;
  #state: 'open' | 'ended' = 'open';

  constructor(socket: Duplex, events: FrameOutputEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('drain', this.#onDrain);
  }

  /** Whether streams have to wait for the socket. */
  get full(): boolean {
    // A socket whose own mark is above ours never says 'drain' for ours: only both together count.
    return this.#socket.writableNeedDrain && this.#socket.writableLength >= SOCKET_HIGH_WATER;
  }

  /** Writes bytes that are no frame. */
  raw(bytes: Uint8Array): void {
    this.#payload(bytes);
    this.#schedule();
  }

  /** Writes a frame whose payload is known. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    if (this.#state === 'ended') return;
    this.#header(type, flags, streamId, payload.length);
    this.#payload(payload);
    this.#schedule();
  }

  /** Writes a frame whose payload is one number of 32 bits. */
  numberFrame(type: number, streamId: number, value: number): void {
    if (this.#state === 'ended') return;
    this.#header(type, 0, streamId, 4);
    const { writer } = this;
    writer.ensure(4);
    writer.bytes.writeUInt32BE(value >>> 0, writer.offset);
    writer.offset += 4;
    this.#schedule();
  }

  /** Writes a DATA frame out of pieces, which must not be changed any more. */
  data(flags: number, streamId: number, pieces: readonly Uint8Array[], length: number): void {
    if (this.#state === 'ended') return;
    this.#header(FrameType.Data, flags, streamId, length);
    for (const piece of pieces) this.#payload(piece);
    this.#schedule();
  }

  /** Leaves room for a frame's header. Returns where the frame begins, for `endFrame`. */
  beginFrame(): number {
    const { writer } = this;
    writer.ensure(FRAME_HEADER_LENGTH);
    const from = writer.offset - this.#start;
    writer.offset += FRAME_HEADER_LENGTH;
    return from;
  }

  /** Bytes of the payload of the frame that began at `from`. */
  lengthSince(from: number): number {
    return this.writer.offset - this.#start - from - FRAME_HEADER_LENGTH;
  }

  /** Undoes the frame that began at `from`. Returns its payload, good until the next frame. */
  takeBack(from: number): Buffer {
    const { writer } = this;
    const payload = writer.bytes.subarray(this.#start + from + FRAME_HEADER_LENGTH, writer.offset);
    writer.offset = this.#start + from;
    return payload;
  }

  /** Writes the header of the frame that began at `from` and is complete. */
  endFrame(from: number, type: number, flags: number, streamId: number): void {
    const length = this.lengthSince(from);
    if (this.#state === 'ended') return;
    writeHeader(this.writer.bytes, this.#start + from, type, flags, streamId, length);
    this.#schedule();
  }

  /** Gives `source` its turns until it has nothing more to send. */
  activate(source: FrameSource): void {
    if (this.#state === 'ended') return;
    this.#ready.add(source);
    this.#schedule();
  }

  deactivate(source: FrameSource): void {
    this.#ready.delete(source);
  }

  /** Writes what waits, but for data that had no turn yet, then ends the socket. */
  end(): void {
    if (this.#state === 'ended') return;
    this.#ready.clear();
    this.#flush();
    this.discard();
    this.#socket.end();
  }

  /** Lets go of the socket and drops what waits. */
  discard(): void {
    this.#state = 'ended';
    this.#ready.clear();
    this.#socket.off('drain', this.#onDrain);
  }

  #schedule(): void {
    if (this.#flushScheduled) return;
    if (this.full) {
      if (this.#overflowed || this.writer.offset - this.#start <= CONTROL_LIMIT) return;
      this.#overflowed = true;
      this.#events.onOverflow();
      return;
    }
    this.#flushScheduled = true;
    process.nextTick(this.#onTick);
  }

  readonly #onTick = (): void => {
    this.#flushScheduled = false;
    if (this.#state === 'open') this.#flush();
  };

  readonly #onDrain = (): void => this.#flush();

  #flush(): void {
    const socket = this.#socket;
    socket.cork();
    try {
      for (const source of this.#ready) {
        if (this.full) break;
        this.#ready.delete(source);
        // Added again it stands last, and this loop still comes to it.
        if (source.sendFrame()) this.#ready.add(source);
      }
    } finally {
      this.#writeSlab();
      socket.uncork();
    }
  }

  #header(type: number, flags: number, streamId: number, length: number): void {
    const { writer } = this;
    writer.ensure(FRAME_HEADER_LENGTH);
    writeHeader(writer.bytes, writer.offset, type, flags, streamId, length);
    writer.offset += FRAME_HEADER_LENGTH;
  }

  #payload(piece: Uint8Array): void {
    if (piece.length > COPY_LIMIT) {
      this.#writeSlab();
      this.#socket.write(piece);
      return;
    }
    const { writer } = this;
    writer.ensure(piece.length);
    writer.bytes.set(piece, writer.offset);
    writer.offset += piece.length;
  }

  /** Hands the socket what it has not. Those bytes are never written over: it may hold them long. */
  #writeSlab(): void {
    const { writer } = this;
    if (writer.offset === this.#start) return;
    this.#socket.write(writer.bytes.subarray(this.#start, writer.offset));
    this.#start = writer.offset;
    if (writer.bytes.length - writer.offset >= LEAST_ROOM) return;
    writer.bytes = Buffer.allocUnsafeSlow(Math.min(2 * writer.bytes.length, LAST_SLAB_SIZE));
    writer.offset = 0;
    this.#start = 0;
  }
}

function writeHeader(
  target: Buffer,
  at: number,
  type: number,
  flags: number,
  streamId: number,
  length: number,
): void {
  target[at] = length >>> 16;
  target[at + 1] = length >>> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + 4] = flags;
  target[at + 5] = streamId >>> 24;
  target[at + 6] = streamId >>> 16;
  target[at + 7] = streamId >>> 8;
  target[at + 8] = streamId;
}
