import type { AppStream } from './app-stream.js';
import { PeerStream } from './peer-stream.js';

/** What the session must keep to. */
export interface PeerModelOptions {
  /** Whether the session under test is the client. */
  readonly isClient: boolean;
  readonly maxFrameSize: number;
  readonly maxSessionWindowSize: number;
  readonly acceptBacklog: number;
  /** The application's end of a stream that the session opens, if it has it already. */
  readonly appOf: (id: number) => AppStream | undefined;
}

/** The other end of the session under test: reads what it writes, and knows what that may be. */
export class PeerModel {
  readonly streams = new Map<number, PeerStream>();
  /** Streams of the session's that the peer has not yet acknowledged. */
  readonly unacknowledged = new Set<number>();
  /** Values of pings that the session must answer, in this order; and of those that it asks. */
  readonly pings: number[] = [];
  readonly asked: number[] = [];
  /** Frames that the session has written. */
  frames = 0;
  saysGoodbye = false;
  #lastId = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(private readonly options: PeerModelOptions) {}

  /** Reads what the session has written. @throws Error if it may not write that. */
  read(chunks: Buffer[]): void {
    if (chunks.length === 0) return;
    const bytes = Buffer.concat([this.#rest, ...chunks.splice(0)]);
    let at = 0;
    while (bytes.length - at >= 12) {
      const length = bytes.readUInt32BE(at + 8);
      const end = at + 12 + (bytes[at + 1] === 0 ? length : 0);
      if (end > bytes.length) break;
      this.#onFrame(bytes, at, end);
      at = end;
    }
    this.#rest = bytes.subarray(at);
    const promised = this.#promised();
    if (promised > this.options.maxSessionWindowSize) throw new Error(`${promised} were promised`);
  }

  /** Streams that fit `wanted`. */
  some(wanted: (stream: PeerStream) => boolean): PeerStream[] {
    return [...this.streams.values()].filter(wanted);
  }

  #promised(): number {
    let sum = 0;
    for (const stream of this.streams.values()) sum += stream.promised;
    return sum;
  }

  #onFrame(bytes: Buffer, at: number, end: number): void {
    this.frames += 1;
    const [version, type] = [bytes[at], bytes[at + 1]];
    const flags = bytes.readUInt16BE(at + 2);
    const [id, length] = [bytes.readUInt32BE(at + 4), bytes.readUInt32BE(at + 8)];
    if (version !== 0 || this.saysGoodbye) throw new Error(`version ${version}, or after GoAway`);
    if (type === 0 && flags === 0) {
      return this.#streamOf(id).onData(bytes.subarray(at + 12, end), this.options.maxFrameSize);
    }
    if (type === 1) return this.#onUpdate(flags, id, length);
    if (type === 2 && id === 0) return this.#onPing(flags, length);
    if (type === 3 && id === 0 && flags === 0 && length <= 1) {
      this.saysGoodbye = length === 1;
      return;
    }
    throw new Error(`the session has written a frame ${type} ${flags} ${id} ${length}`);
  }

  #onPing(flags: number, value: number): void {
    if (flags === 1) {
      this.asked.push(value);
      return;
    }
    const expected = this.pings.shift();
    if (expected !== value) throw new Error(`pong ${value} instead of ${expected}`);
  }

  #onUpdate(flags: number, id: number, delta: number): void {
    if (flags === 1) return this.#onSyn(id, delta);
    const stream = this.#streamOf(id);
    if (flags === 2) return stream.onAck(delta);
    if (flags === 0) return stream.onCredit(delta, 1);
    if (delta !== 0) throw new Error(`a frame with flags ${flags} and credit ${delta}`);
    if (flags === 4) return stream.onFin();
    if (flags !== 8) throw new Error(`a frame with flags ${flags}`);
    this.unacknowledged.delete(id);
    stream.onRst();
  }

  #onSyn(id: number, delta: number): void {
    if (id <= this.#lastId || (id % 2 === 1) !== this.options.isClient) {
      throw new Error(`stream ${id} was opened after ${this.#lastId}`);
    }
    this.#lastId = id;
    const stream = new PeerStream(id, false);
    stream.app = this.options.appOf(id);
    this.streams.set(id, stream);
    stream.granted += delta;
    this.unacknowledged.add(id);
    if (this.unacknowledged.size > this.options.acceptBacklog) {
      throw new Error(`${this.unacknowledged.size} streams wait for ACK`);
    }
  }

  #streamOf(id: number): PeerStream {
    const stream = this.streams.get(id);
    if (stream === undefined) throw new Error(`a frame for stream ${id}, which there never was`);
    return stream;
  }
}
