import type { CompressedMessage, Decompressor } from './decompressor.js';

/** The bytes of one decompressed message that the decompressor has charged so far. */
export class ExpansionCharge {
  readonly #decompressor: Decompressor;
  readonly #message: CompressedMessage;
  readonly #compressedLength: number;
  #charged = 0;

  /**
   * @param message - notified by `onAllowed` when it may grow.
   * @param compressedLength - compressed size in bytes.
   */
  constructor(decompressor: Decompressor, message: CompressedMessage, compressedLength: number) {
    this.#decompressor = decompressor;
    this.#message = message;
    this.#compressedLength = compressedLength;
  }

  /** Whether the message may take `size` bytes now; otherwise `onAllowed` is called when it may. */
  allows(size: number): boolean {
    const charged = this.#charged;
    if (size <= charged) return true;
    this.#charged = size;
    return this.#decompressor.allows(this.#message, this.#compressedLength, charged, size);
  }

  /** Charges a size of `size` bytes without delay. */
  charge(size: number): void {
    this.#decompressor.charge(this.#compressedLength, this.#charged, size);
    this.#charged = size;
  }
}
