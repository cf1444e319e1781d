import type { Duplex } from 'node:stream';
import {
  borrowSlab,
  reportCopied,
  returnSlab,
  WriteScheduler,
  type Sendable,
  type WriteSchedulerHost,
} from '../../wire/index.js';
import { EARLY_WINDOW } from '../protocol/early.js';
import {
  DEFAULT_WINDOW_SIZE,
  Http2Flag,
  FRAME_HEADER_LENGTH,
  Http2FrameType,
} from '../protocol/frame.js';
import { ByteWriter } from '../hpack/index.js';
import { FLAGS_OFFSET, writeFrameHeader } from './frame-header.js';

/** A stream that sends DATA in its turn. */
export interface Http2FrameSource extends Sendable {
  /** Sends one frame through `output.data`. */
  sendFrame(): void;
}

/** Events of the output. */
export interface Http2FrameOutputEvents {
  /** Called once, on a new tick, when the output queued for a full socket exceeds `maxQueued`. */
  onOverflow(): void;
}

/** Payloads up to this size are copied behind their header: cheaper than a separate write. */
const COPY_LIMIT = 4096;

/** Up to this many bytes are copied one by one, which is faster than a call of `set`. */
const FEW_BYTES = 16;
/** Room for a typical header block, in bytes; for a larger one the buffer grows. */
const BLOCK_ROOM = 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Output of a connection. Frames are written one after another into a buffer, which is flushed to the
 * socket once per turn of the event loop. Streams with queued DATA then send one frame each in turn.
 *
 * Longer than 300 lines because all kinds of frames change the state of the one buffer.
 */
export class Http2FrameOutput implements WriteSchedulerHost<Http2FrameSource> {
  /** Output buffer; header blocks are written into it between `beginFrame` and `endFrame`. */
  readonly writer = new ByteWriter(0);
  /** Send window of the connection, in bytes. The first SETTINGS of the peer add the rest of the default. */
  window = EARLY_WINDOW;
  /** Initial send window of a stream, in bytes: the peer's INITIAL_WINDOW_SIZE. */
  initialStreamWindow = DEFAULT_WINDOW_SIZE;
  /** Bytes of DATA queued in the streams until a window or the socket has room; updated by the streams. */
  waiting = 0;
  /** Streams with queued DATA; updated by the streams. */
  readonly waitingSources = new Set<Http2FrameSource>();
  readonly #maxQueued: number;
  readonly #events: Http2FrameOutputEvents;
  readonly #scheduler: WriteScheduler<Http2FrameSource>;
  /** Start of the bytes in the writer's buffer that were not passed to the socket. */
  #start = 0;
  /** Last DATA frame: its stream (0 for none), its start and its end in the slab. */
  #lastDataStream = 0;
  #lastData = 0;
  #lastDataEnd = 0;
  /** Bytes that were passed to the socket while it was full. */
  #given = 0;
  #overflowed = false;

  /** @param maxQueued - bytes of frames other than DATA that may be queued while the socket is full. */
  constructor(socket: Duplex, maxQueued: number, events: Http2FrameOutputEvents) {
    this.#maxQueued = maxQueued;
    this.#events = events;
    this.#scheduler = new WriteScheduler(socket, this);
  }

  /** Whether the socket is full, so that streams must queue their DATA. */
  get full(): boolean {
    return this.#scheduler.full;
  }

  /** Largest payload of a DATA frame, in bytes; smaller on a slow link. */
  get frameLimit(): number {
    return this.#scheduler.atATime;
  }

  /** Bytes of frames other than DATA that may still be queued. */
  get roomLeft(): number {
    return this.#maxQueued - (this.full ? this.#queued() : 0);
  }

  /** Bytes of all frames that were written so far. */
  get bytesWritten(): number {
    return this.#scheduler.bytesWritten + this.writer.offset - this.#start;
  }

  /** Bytes that the network has accepted so far. */
  get bytesTaken(): number {
    return this.#scheduler.bytesTaken;
  }

  /** Writes bytes outside of frames: the connection preface. */
  raw(bytes: Uint8Array): void {
    this.#payload(bytes);
    this.#schedule();
  }

  /** Writes a frame with the given payload. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    if (this.#scheduler.ended) return;
    this.#header(type, flags, streamId, payload.length);
    this.#payload(payload);
    this.#schedule();
  }

  /** Writes a frame whose payload is one 32-bit number. */
  numberFrame(type: number, streamId: number, value: number): void {
    if (this.#scheduler.ended) return;
    this.#header(type, 0, streamId, 4);
    this.#reserve(4);
    const { writer } = this;
    writer.bytes.writeUInt32BE(value >>> 0, writer.offset);
    writer.offset += 4;
    this.#schedule();
  }

  /** Writes a DATA frame within the windows. The caller must not change the pieces afterwards. */
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

  /**
   * Sends END_STREAM. Sets the flag in the last DATA frame of the stream if that frame is the last one in the
   * buffer; otherwise sends an empty DATA frame with the flag.
   */
  endStream(streamId: number): void {
    const isHere = this.#lastData >= this.#start && this.#lastDataEnd === this.writer.offset;
    if (this.#lastDataStream !== streamId || !isHere) {
      this.data(Http2Flag.EndStream, streamId, [], 0);
    } else {
      this.writer.bytes[this.#lastData + FLAGS_OFFSET]! |= Http2Flag.EndStream;
    }
  }

  /** Leaves room for a frame header. Returns the start of the frame, for `endFrame`. */
  beginFrame(): number {
    this.#reserve(FRAME_HEADER_LENGTH + BLOCK_ROOM);
    const { writer } = this;
    const from = writer.offset - this.#start;
    writer.offset += FRAME_HEADER_LENGTH;
    return from;
  }

  /** Payload bytes of the frame that begins at `from`. */
  lengthSince(from: number): number {
    return this.writer.offset - this.#start - from - FRAME_HEADER_LENGTH;
  }

  /** Undoes the frame that begins at `from`. Returns its payload, valid until the next write. */
  takeBack(from: number): Buffer {
    const { writer } = this;
    const payload = writer.bytes.subarray(this.#start + from + FRAME_HEADER_LENGTH, writer.offset);
    writer.offset = this.#start + from;
    return payload;
  }

  /** Completes the frame that begins at `from`: writes its header. */
  endFrame(from: number, type: number, flags: number, streamId: number): void {
    const length = this.lengthSince(from);
    if (this.#scheduler.ended) return;
    writeFrameHeader(this.writer.bytes, this.#start + from, type, flags, streamId, length);
    this.#schedule();
  }

  /** Adds credit of the peer to the connection's send window. */
  grant(bytes: number): void {
    this.window += bytes;
    if (!this.#scheduler.idle) this.#scheduler.schedule();
  }

  /**
   * Changes the initial send window, to which the windows of all streams are relative. Visits only
   * streams with queued DATA, and only if the window grows. Returns the number of visited streams.
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

  /** Lets `source` send in turn with others until it is no longer sendable. */
  activate(source: Http2FrameSource): void {
    this.#scheduler.activate(source);
  }

  deactivate(source: Http2FrameSource): void {
    this.#scheduler.deactivate(source);
  }

  /** Flushes the written frames, but not the DATA queued in streams, then ends the socket. */
  end(): void {
    this.#scheduler.end();
  }

  /** Stops all output and drops what is not flushed. */
  discard(): void {
    this.#scheduler.discard();
  }

  // ---- Called by the scheduler

  /** While the connection window is closed, sources keep their place in the order. */
  get blocked(): boolean {
    return this.window <= 0;
  }

  onFlushStart(): void {}

  sendFrame(source: Http2FrameSource): void {
    source.sendFrame();
  }

  onFlushEnd(): void {
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

  // ---- Private methods

  #schedule(): void {
    if (this.#scheduler.schedule() || this.#overflowed) return;
    if (this.#queued() <= this.#maxQueued) return;
    this.#overflowed = true;
    // Deferred: a stream or its user is in the middle of a call.
    process.nextTick(() => {
      if (!this.#scheduler.ended) this.#events.onOverflow();
    });
  }

  /** Bytes queued for the socket while it is full. */
  #queued(): number {
    return this.#given + this.writer.offset - this.#start;
  }

  #header(type: number, flags: number, streamId: number, length: number): void {
    this.#reserve(FRAME_HEADER_LENGTH);
    const { writer } = this;
    writeFrameHeader(writer.bytes, writer.offset, type, flags, streamId, length);
    writer.offset += FRAME_HEADER_LENGTH;
  }

  #payload(piece: Uint8Array): void {
    if (piece.length > COPY_LIMIT) {
      if (this.#scheduler.full) this.#given = this.#queued() + piece.length;
      this.#writeSlab();
      this.#scheduler.writePayload(piece);
      return;
    }
    this.#reserve(piece.length);
    const { bytes, offset } = this.writer;
    if (piece.length > FEW_BYTES) bytes.set(piece, offset);
    else for (let i = 0; i < piece.length; i += 1) bytes[offset + i] = piece[i]!;
    this.writer.offset += piece.length;
    reportCopied(piece);
  }

  /** Passes new bytes to the socket. They are never overwritten: the socket may keep them long. */
  #writeSlab(): void {
    const { writer } = this;
    if (writer.offset === this.#start) return;
    this.#scheduler.write(writer.bytes.subarray(this.#start, writer.offset));
    this.#start = writer.offset;
  }

  /** Makes room for `bytes`; the content of a slab with too little room is passed to the socket. */
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
}
