import type { Duplex } from 'node:stream';
import {
  borrowSlab,
  returnSlab,
  WriteScheduler,
  type Sendable,
  type WriteSchedulerHost,
} from '../../wire/index.js';
import { DEFAULT_WINDOW_SIZE, Http2Flag, FRAME_HEADER_LENGTH, Http2FrameType } from '../frame.js';
import { ByteWriter } from './byte-writer.js';

/** A stream with data that its window lets through. */
export interface Http2FrameSource extends Sendable {
  /** Sends one frame through `output.data`. */
  sendFrame(): void;
}

/** What the connection does when its output needs it. */
export interface Http2FrameOutputEvents {
  /** So much waits for a peer that reads nothing that no more is to be taken. Told once, on its own. */
  onOverflow(): void;
}

/** Payloads up to this size are cheaper to copy behind their header than to hand over on their own. */
const COPY_LIMIT = 4096;

/** Up to so many bytes are copied one by one: calling `set` takes longer. */
const FEW_BYTES = 16;
/** Room for a header block of usual size; a larger one is moved while it is written. */
const BLOCK_ROOM = 1024;
const NOTHING = Buffer.alloc(0);
/** Where the flags of a frame are in its header. */
const FLAGS_OFFSET = 4;

/**
 * The writing end of a connection. Frames are written one behind the other; all of one turn of the
 * event loop leave together at its end, with one frame from each stream in turn that had to wait.
 */
export class Http2FrameOutput {
  /** Where header blocks are written into, between `beginFrame` and `endFrame`. */
  readonly writer = new ByteWriter(0);
  /** Bytes of DATA that all streams together may send. */
  window = DEFAULT_WINDOW_SIZE;
  /** Bytes of DATA that the peer takes on a stream before it gives credit: its INITIAL_WINDOW_SIZE. */
  initialStreamWindow = DEFAULT_WINDOW_SIZE;
  /** Bytes of DATA that wait in the streams, for a window or for the socket; kept by them. */
  waiting = 0;
  /** The streams in which DATA waits; kept by them. */
  readonly waitingSources = new Set<Http2FrameSource>();
  readonly #maxQueued: number;
  readonly #events: Http2FrameOutputEvents;
  readonly #scheduler: WriteScheduler<Http2FrameSource>;
  /** Where in the writer's buffer the bytes begin that the socket has not. */
  #start = 0;
  /** The DATA frame that was written last: whose it is, and where it begins and ends in the slab. */
  #lastDataStream = 0;
  #lastData = 0;
  #lastDataEnd = 0;
  /** Bytes that the socket was given though it is full. */
  #given = 0;
  #overflowed = false;

  /** @param maxQueued - bytes of other frames than DATA that may wait while the socket is full. */
  constructor(socket: Duplex, maxQueued: number, events: Http2FrameOutputEvents) {
    this.#maxQueued = maxQueued;
    this.#events = events;
    this.#scheduler = new WriteScheduler(socket, this.#createHost());
  }

  /** Whether streams have to wait for the socket. */
  get full(): boolean {
    return this.#scheduler.full;
  }

  /** Bytes that a frame with data may have: fewer where the link is slow. */
  get frameLimit(): number {
    return this.#scheduler.atATime;
  }

  /** Bytes of other frames than DATA that may still wait for the socket. */
  get roomLeft(): number {
    return this.#maxQueued - (this.full ? this.#queued() : 0);
  }

  /** Bytes that the network has taken so far. */
  get bytesTaken(): number {
    return this.#scheduler.bytesTaken;
  }

  /** Writes bytes that are no frame. */
  raw(bytes: Uint8Array): void {
    this.#payload(bytes);
    this.#schedule();
  }

  /** Writes a frame whose payload is known. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    if (this.#scheduler.ended) return;
    this.#header(type, flags, streamId, payload.length);
    this.#payload(payload);
    this.#schedule();
  }

  /** Writes a frame whose payload is one number of 32 bits. */
  numberFrame(type: number, streamId: number, value: number): void {
    if (this.#scheduler.ended) return;
    this.#header(type, 0, streamId, 4);
    this.#reserve(4);
    const { writer } = this;
    writer.bytes.writeUInt32BE(value >>> 0, writer.offset);
    writer.offset += 4;
    this.#schedule();
  }

  /** Writes a DATA frame, for which there is window, out of pieces, which must not be changed any more. */
  data(flags: number, streamId: number, pieces: readonly Uint8Array[], length: number): void {
    if (this.#scheduler.ended) return;
    this.window -= length;
    this.#header(Http2FrameType.Data, flags, streamId, length);
    const { writer } = this;
    const at = writer.offset - FRAME_HEADER_LENGTH;
    const { bytes } = writer;
    for (const piece of pieces) this.#payload(piece);
    this.#lastDataStream = writer.bytes === bytes ? streamId : 0;
    this.#lastData = at;
    this.#lastDataEnd = writer.offset;
    this.#schedule();
  }

  /** Ends a stream: by a flag of its last DATA frame if that is still here, else by an empty one. */
  endStream(streamId: number): void {
    const isHere = this.#lastData >= this.#start && this.#lastDataEnd === this.writer.offset;
    if (this.#lastDataStream !== streamId || !isHere) {
      this.data(Http2Flag.EndStream, streamId, [], 0);
    } else {
      this.writer.bytes[this.#lastData + FLAGS_OFFSET]! |= Http2Flag.EndStream;
    }
  }

  /** Leaves room for a frame's header. Returns where the frame begins, for `endFrame`. */
  beginFrame(): number {
    this.#reserve(FRAME_HEADER_LENGTH + BLOCK_ROOM);
    const { writer } = this;
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
    if (this.#scheduler.ended) return;
    writeHeader(this.writer.bytes, this.#start + from, type, flags, streamId, length);
    this.#schedule();
  }

  /** The peer takes so much more DATA, of all streams together. */
  grant(bytes: number): void {
    this.window += bytes;
    if (!this.#scheduler.idle) this.#scheduler.schedule();
  }

  /**
   * Changes the window of every stream, which is counted from the initial one. Only streams in which
   * DATA waits are visited, and only if the window grows. Returns how many those are.
   */
  setInitialStreamWindow(bytes: number): number {
    const grows = bytes > this.initialStreamWindow;
    this.initialStreamWindow = bytes;
    if (!grows) return 0;
    for (const source of this.waitingSources) {
      if (source.sendable) this.#scheduler.activate(source);
    }
    return this.waitingSources.size;
  }

  /** Gives `source` its turns until it is no longer sendable. */
  activate(source: Http2FrameSource): void {
    this.#scheduler.activate(source);
  }

  deactivate(source: Http2FrameSource): void {
    this.#scheduler.deactivate(source);
  }

  /** Writes what waits, but for data that had no turn yet, then ends the socket. */
  end(): void {
    this.#scheduler.end();
  }

  /** Lets go of the socket and drops what waits. */
  discard(): void {
    this.#scheduler.discard();
  }

  #createHost(): WriteSchedulerHost<Http2FrameSource> {
    const isBlocked = (): boolean => this.window <= 0;
    return {
      // With the window of the connection used up, sources keep their place until it opens.
      get blocked() {
        return isBlocked();
      },
      onFlushStart() {},
      sendFrame: (source) => source.sendFrame(),
      onFlushEnd: () => this.#afterTurns(),
    };
  }

  #schedule(): void {
    if (this.#scheduler.schedule() || this.#overflowed) return;
    if (this.#queued() <= this.#maxQueued) return;
    this.#overflowed = true;
    // Not from within what a stream, or its user, is doing.
    process.nextTick(() => {
      if (!this.#scheduler.ended) this.#events.onOverflow();
    });
  }

  /** Bytes that wait for the socket, while it is full. */
  #queued(): number {
    return this.#given + this.writer.offset - this.#start;
  }

  #header(type: number, flags: number, streamId: number, length: number): void {
    this.#reserve(FRAME_HEADER_LENGTH);
    const { writer } = this;
    writeHeader(writer.bytes, writer.offset, type, flags, streamId, length);
    writer.offset += FRAME_HEADER_LENGTH;
  }

  #payload(piece: Uint8Array): void {
    if (piece.length > COPY_LIMIT) {
      if (this.#scheduler.full) this.#given = this.#queued() + piece.length;
      this.#writeSlab();
      this.#scheduler.write(piece);
      return;
    }
    this.#reserve(piece.length);
    const { bytes, offset } = this.writer;
    if (piece.length > FEW_BYTES) bytes.set(piece, offset);
    else for (let i = 0; i < piece.length; i += 1) bytes[offset + i] = piece[i]!;
    this.writer.offset += piece.length;
  }

  /** Hands the socket what it has not. Those bytes are never written over: it may hold them long. */
  #writeSlab(): void {
    const { writer } = this;
    if (writer.offset === this.#start) return;
    this.#scheduler.write(writer.bytes.subarray(this.#start, writer.offset));
    this.#start = writer.offset;
  }

  /** Makes room for `bytes`; what stands in a slab that has too little of it goes to the socket. */
  #reserve(bytes: number): void {
    const { writer } = this;
    if (writer.bytes.length - writer.offset >= bytes) return;
    if (this.#scheduler.full) this.#given = this.#queued();
    this.#writeSlab();
    this.#lastDataStream = 0;
    const slab = borrowSlab(bytes);
    writer.bytes = slab.bytes;
    writer.offset = slab.offset;
    this.#start = slab.offset;
  }

  #afterTurns(): void {
    const { writer } = this;
    this.#writeSlab();
    this.#given = 0;
    this.#lastDataStream = 0;
    if (writer.bytes.length === 0) return;
    returnSlab({ bytes: writer.bytes, offset: writer.offset });
    writer.bytes = NOTHING;
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
