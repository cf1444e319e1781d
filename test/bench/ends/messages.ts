/** Last byte of every message of a stream; the first four are its number. */
const LAST_BYTE = 0xa5;

/** A stream holds at most 16 messages in memory before it asks its source to wait. */
const MESSAGES_IN_MEMORY = 20;

const buffersBySize = new Map<number, readonly Buffer[]>();

/**
 * The messages of a stream, made without work: buffers are used again once they have left. All
 * streams of one size share their buffers, so only one of them may run at a time: new buffers for
 * each round are external memory, for which V8 collects the heap of the process that is measured.
 */
export class MessageSource {
  readonly #buffers: readonly Buffer[];
  #number = 0;

  constructor(size: number) {
    this.#buffers = buffersBySize.get(size) ?? createBuffers(size);
    buffersBySize.set(size, this.#buffers);
  }

  next(): Buffer {
    const message = this.#buffers[this.#number % MESSAGES_IN_MEMORY]!;
    message.writeUInt32BE(this.#number >>> 0);
    this.#number += 1;
    return message;
  }
}

function createBuffers(size: number): Buffer[] {
  return Array.from({ length: MESSAGES_IN_MEMORY }, () => {
    const message = Buffer.alloc(size, 0x5a);
    message[size - 1] = LAST_BYTE;
    return message;
  });
}

/** Checks the messages of a stream as they come. */
export class MessageCheck {
  readonly #size: number;
  #count = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get count(): number {
    return this.#count;
  }

  /** @throws Error if `message` is not the one that is to come next. */
  next(message: Buffer): void {
    if (
      message.length !== this.#size ||
      message.readUInt32BE() !== this.#count ||
      message[this.#size - 1] !== LAST_BYTE
    ) {
      throw new Error(`message ${this.#count} of a stream is wrong, or out of order`);
    }
    this.#count += 1;
  }
}
