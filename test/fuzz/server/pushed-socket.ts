import { Duplex } from 'node:stream';

/** A connection whose other end is in the hands of a fuzzer; what is written to it is forgotten. */
export class PushedSocket extends Duplex {
  constructor() {
    super({ autoDestroy: true, allowHalfOpen: true });
  }

  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    callback();
  }
}
