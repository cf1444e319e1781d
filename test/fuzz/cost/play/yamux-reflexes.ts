import { ACK, P, SYN, W } from '../../../fixtures/yamux-frames.js';
import type { Reflexes } from '../program/step.js';
import { FrameSplitter } from './frame-splitter.js';

const TYPE = { data: 0, windowUpdate: 1, ping: 2 };
/** Bytes of data for which credit is given at once. */
const CREDIT_EVERY = 64 * 1024;

/** What a hostile peer answers to frames of yamux by itself. */
export class YamuxReflexes {
  readonly #reflexes: Reflexes;
  readonly #write: (bytes: Buffer) => void;
  readonly #onData: (stream: number, bytes: Buffer) => void;
  readonly #splitter: FrameSplitter;
  readonly #owed = new Map<number, number>();

  /** @param skip - bytes of another protocol before the first frame. */
  constructor(
    reflexes: Reflexes,
    write: (bytes: Buffer) => void,
    onData: (stream: number, bytes: Buffer) => void,
    skip: number,
  ) {
    this.#reflexes = reflexes;
    this.#write = write;
    this.#onData = onData;
    const lengthOf = (header: Buffer): number =>
      header[1] === TYPE.data ? header.readUInt32BE(8) : 0;
    this.#splitter = new FrameSplitter(12, lengthOf, skip);
  }

  read(chunk: Buffer): void {
    for (const { header, payload } of this.#splitter.split(chunk)) {
      const [type, flags, stream] = [header[1]!, header.readUInt16BE(2), header.readUInt32BE(4)];
      if (type === TYPE.ping && flags & SYN && this.#reflexes.pings) {
        this.#write(P(ACK, 0, header.readUInt32BE(8)));
      }
      if (type > TYPE.windowUpdate) continue;
      if (flags & SYN && this.#reflexes.accept) this.#write(W(ACK, stream, 0));
      if (payload.length > 0) this.#read(stream, payload);
    }
  }

  #read(stream: number, payload: Buffer): void {
    this.#onData(stream, payload);
    if (!this.#reflexes.credit) return;
    const owed = (this.#owed.get(stream) ?? 0) + payload.length;
    const isDue = owed >= CREDIT_EVERY;
    this.#owed.set(stream, isDue ? 0 : owed);
    if (isDue) this.#write(W(0, stream, owed));
  }
}
