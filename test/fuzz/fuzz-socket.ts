import { Duplex } from 'node:stream';

/** One end of a byte stream whose other end is in the hands of the fuzzer. */
export class FuzzSocket extends Duplex {
  /** Bytes that were written and not taken yet. */
  readonly written: Buffer[] = [];
  /** Whether writes stay unanswered, as with a peer that reads nothing. */
  stalled = false;
  #onTaken: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 64 * 1024, autoDestroy: true });
  }

  /** What the peer sends. */
  receive(chunk: Buffer): void {
    if (!this.destroyed) this.emit('data', chunk);
  }

  /** The peer reads again. */
  resumeWrites(): void {
    this.stalled = false;
    const onTaken = this.#onTaken;
    this.#onTaken = undefined;
    onTaken?.();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.written.push(chunk);
    if (this.stalled) this.#onTaken = callback;
    else callback();
  }
}

/** The turn of the event loop is over: all that came is read, and all that a connection has to write is written. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
