import { FLAG, frame, number32, PREFACE, TYPE } from '../../../fixtures/http2/raw-client.js';
import type { Reflexes } from '../program/step.js';
import { FrameSplitter } from './frame-splitter.js';

/** Bytes of DATA for which credit is given at once. */
const CREDIT_EVERY = 16_384;

/** What a hostile peer answers to frames of HTTP/2 by itself. */
export class Http2Reflexes {
  readonly #reflexes: Reflexes;
  readonly #write: (bytes: Buffer) => void;
  readonly #splitter: FrameSplitter;
  readonly #owed = new Map<number, number>();
  #isGreeted: boolean;

  /** @param comesFromClient - whether the frames that are read are those of a client, which begins with a preface. */
  constructor(reflexes: Reflexes, write: (bytes: Buffer) => void, comesFromClient: boolean) {
    this.#reflexes = reflexes;
    this.#write = write;
    this.#isGreeted = !comesFromClient;
    this.#splitter = new FrameSplitter(
      9,
      (header) => header.readUIntBE(0, 3),
      comesFromClient ? PREFACE.length : 0,
    );
  }

  read(chunk: Buffer): void {
    for (const { header, payload } of this.#splitter.split(chunk)) {
      const [type, flags] = [header[3]!, header[4]!];
      if (type === TYPE.data) this.#onData(header.readUInt32BE(5), payload.length);
      if (flags & FLAG.ack) continue;
      if (type === TYPE.settings && this.#reflexes.settings) this.#onSettings();
      if (type === TYPE.ping && this.#reflexes.pings) {
        this.#write(frame(TYPE.ping, FLAG.ack, 0, payload));
      }
    }
  }

  #onSettings(): void {
    if (!this.#isGreeted) this.#write(frame(TYPE.settings, 0, 0));
    this.#isGreeted = true;
    this.#write(frame(TYPE.settings, FLAG.ack, 0));
  }

  #onData(stream: number, length: number): void {
    if (!this.#reflexes.credit) return;
    for (const id of [0, stream]) {
      const owed = (this.#owed.get(id) ?? 0) + length;
      const isDue = owed >= CREDIT_EVERY;
      this.#owed.set(id, isDue ? 0 : owed);
      if (isDue) this.#write(frame(TYPE.windowUpdate, 0, id, number32(owed)));
    }
  }
}
