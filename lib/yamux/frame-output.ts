import type { Duplex } from 'node:stream';
import { FrameType, HEADER_LENGTH, writeHeader } from './frame.js';

/** Something with data to send, asked for one frame at a time so that all get their turn. */
export interface FrameSource {
  /** Whether there is data that the peer's window lets through. */
  readonly sendable: boolean;
  /** Sends one data frame through `output.dataHeader` and `output.payload`. */
  sendFrame(output: FrameOutput): void;
}

/** What the session does when its output needs it. */
export interface FrameOutputEvents {
  /** The socket took no byte for the whole write timeout. */
  onStall(): void;
  /** Too many control frames wait for a peer that does not read: read no more from it, or again. */
  onControlPressure(high: boolean): void;
  /** Something was written, and nothing that could be written is left. */
  onIdle(): void;
}

/** Bytes that may wait in the socket before streams have to wait: enough to keep a link busy, little enough to keep turns short. */
const SOCKET_HIGH_WATER = 256 * 1024;
/** Headers and small payloads are gathered in slabs; an idle session keeps a small one, a busy one grows it. */
const FIRST_SLAB_SIZE = 1024;
const LAST_SLAB_SIZE = 64 * 1024;
/** Payloads up to this size are cheaper to copy behind their header than to hand over on their own. */
const COPY_LIMIT = 2048;
/** Control frames that may wait while the socket is full. */
const CONTROL_LIMIT = 16_384;

/**
 * The writing end of a session. All frames of one turn of the event loop leave together in one
 * write at its end: control frames first, then one data frame from each ready stream in turn.
 */
export class FrameOutput {
  readonly #socket: Duplex;
  readonly #events: FrameOutputEvents;
  readonly #writeTimeoutMs: number;
  /** Waiting control frames, three numbers each: type and flags, stream id, length. */
  #control: number[] = [];
  #controlPressure = false;
  readonly #ready = new Set<FrameSource>();
  #slab = Buffer.allocUnsafeSlow(FIRST_SLAB_SIZE);
  #slabStart = 0;
  #slabEnd = 0;
  #flushScheduled = false;
  #bytesWritten = 0;
  #state: 'open' | 'ended' = 'open';
  #stallTimer: NodeJS.Timeout | undefined;

  constructor(socket: Duplex, writeTimeoutMs: number, events: FrameOutputEvents) {
    this.#socket = socket;
    this.#writeTimeoutMs = writeTimeoutMs;
    this.#events = events;
    socket.on('drain', this.#onDrain);
  }

  /** Bytes that the network has taken so far. */
  get bytesTaken(): number {
    return this.#bytesWritten - this.#socket.writableLength;
  }

  /** Queues a frame without payload. */
  control(type: number, flags: number, streamId: number, length: number): void {
    if (this.#state === 'ended') return;
    this.#control.push((type << 16) | flags, streamId, length);
    if (!this.#controlPressure && this.#control.length > CONTROL_LIMIT * 3 && this.#full) {
      this.#controlPressure = true;
      this.#events.onControlPressure(true);
    }
    this.#schedule();
  }

  /** Gives `source` its turns until it is no longer sendable. */
  activate(source: FrameSource): void {
    if (this.#state === 'ended') return;
    this.#ready.add(source);
    this.#schedule();
  }

  deactivate(source: FrameSource): void {
    this.#ready.delete(source);
  }

  /** Begins a data frame; for sources, inside `sendFrame`. */
  dataHeader(streamId: number, length: number): void {
    this.#header(FrameType.Data << 16, streamId, length);
  }

  /** Adds a piece of the payload of the data frame just begun; it must not be changed any more. */
  payload(piece: Buffer): void {
    if (piece.length > COPY_LIMIT) {
      this.#writeSlab();
      this.#write(piece);
      return;
    }
    this.#reserve(piece.length);
    this.#slab.set(piece, this.#slabEnd);
    this.#slabEnd += piece.length;
  }

  /** Writes what waits, then ends the socket. Data of streams that had no turn yet is dropped. */
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
    this.#control = [];
    this.#ready.clear();
    this.#socket.off('drain', this.#onDrain);
    clearTimeout(this.#stallTimer);
  }

  get #full(): boolean {
    // A socket whose own mark is above ours never says 'drain' for ours: only both together count.
    return this.#socket.writableNeedDrain && this.#socket.writableLength >= SOCKET_HIGH_WATER;
  }

  #schedule(): void {
    if (this.#flushScheduled || this.#full) return;
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
      this.#flushControl();
      this.#flushData();
    } finally {
      // Callbacks of the application ran in between; whatever they did, the bytes must go.
      this.#writeSlab();
      socket.uncork();
    }
    this.#afterFlush();
  }

  #flushData(): void {
    for (const source of this.#ready) {
      if (this.#full) return;
      this.#ready.delete(source);
      if (!source.sendable) continue;
      // Added again it stands last, and this loop still comes to it.
      this.#ready.add(source);
      source.sendFrame(this);
    }
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

  #afterFlush(): void {
    if (this.#state === 'ended') return;
    if (this.#socket.writableNeedDrain) this.#watchForStall();
    if (this.#ready.size === 0 && this.#control.length === 0) this.#events.onIdle();
  }

  /** One lazy timer instead of one per write: it looks back, and stops once all is written. */
  #watchForStall(): void {
    if (this.#stallTimer !== undefined || this.#writeTimeoutMs === 0) return;
    let taken = this.bytesTaken;
    this.#stallTimer = setTimeout(() => {
      if (!this.#socket.writableNeedDrain) {
        this.#stallTimer = undefined;
      } else if (this.bytesTaken === taken) {
        this.#events.onStall();
      } else {
        taken = this.bytesTaken;
        this.#stallTimer?.refresh();
      }
    }, this.#writeTimeoutMs).unref();
  }

  #header(typeAndFlags: number, streamId: number, length: number): void {
    this.#reserve(HEADER_LENGTH);
    writeHeader(
      this.#slab,
      this.#slabEnd,
      typeAndFlags >>> 16,
      typeAndFlags & 0xffff,
      streamId,
      length,
    );
    this.#slabEnd += HEADER_LENGTH;
  }

  #reserve(bytes: number): void {
    const size = this.#slab.length;
    if (this.#slabEnd + bytes <= size) return;
    this.#writeSlab();
    // Never reused: the socket may hold views of the old one for as long as it likes.
    this.#slab = Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(2 * size, LAST_SLAB_SIZE)));
    this.#slabStart = 0;
    this.#slabEnd = 0;
  }

  #writeSlab(): void {
    if (this.#slabStart === this.#slabEnd) return;
    this.#write(this.#slab.subarray(this.#slabStart, this.#slabEnd));
    this.#slabStart = this.#slabEnd;
  }

  #write(bytes: Buffer): void {
    this.#bytesWritten += bytes.length;
    this.#socket.write(bytes);
  }
}
