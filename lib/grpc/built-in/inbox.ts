import { status } from '@grpc/grpc-js';
import type { CallMemory } from './call-memory.js';
import { decompress, type UnreadableMessage } from './compression.js';
import { Fifo } from './fifo.js';
import { PREFIX_LENGTH } from './message-prefix.js';
import { MessageReader, type MessageSink } from './message-reader.js';

/** The call that an inbox belongs to. */
export interface InboxOwner {
  /** There is something to hand over: `pump()` is to be called, on a stack of its own. */
  onWaiting(): void;
  /** One message, asked for by `read()`. */
  onMessage(message: Buffer): void;
  /** Every message was handed over, and `end()` said that there will be no more. */
  onAllRead(): void;
  /** The messages cannot be read; nothing is told after it. */
  onUnreadable(code: status, details: string): void;
  /** `bytes` of what was pushed are read, or need no more room. */
  consume(bytes: number): void;
}

interface Entry {
  message: Buffer;
  compressed: boolean;
  /** Bytes to be consumed with it. */
  bytes: number;
  /** Bytes of memory that were held for it while it was not complete, to be released with it. */
  held: number;
}

/**
 * Messages that have come, handed over one for each `read()`, in order, decompressed. What nobody reads
 * is not consumed either: the window of the stream then makes the other end wait.
 */
export class Inbox implements MessageSink {
  /** `grpc-encoding` of what comes. */
  encoding = 'identity';
  readonly #owner: InboxOwner;
  readonly #limit: number;
  readonly #reader: MessageReader;
  readonly #memory: CallMemory | undefined;
  readonly #entries = new Fifo<Entry>();
  /** Bytes of the message that is being received which are not consumed yet. */
  #partial = 0;
  /** Bytes of memory that are held for that message. */
  #held = 0;
  #wanted = false;
  #ended = false;
  #pumping = false;
  #state: 'open' | 'decompressing' | 'closed' = 'open';

  /**
   * @param limit - bytes that a message may have; negative for any number.
   * @param memory - to be asked for what a message needs before it is complete. Default: never short.
   */
  constructor(limit: number, owner: InboxOwner, memory?: CallMemory) {
    this.#limit = limit;
    this.#owner = owner;
    this.#memory = memory;
    this.#reader = new MessageReader(limit, this);
  }

  /** Bytes of the stream, in any pieces. */
  push(piece: Buffer): void {
    if (this.#state === 'closed') return this.#owner.consume(piece.length);
    this.#partial += piece.length;
    this.#reader.push(piece);
    this.#makeRoom();
  }

  /** No more bytes will come. */
  end(): void {
    this.#ended = true;
    if (this.#state === 'closed') return;
    if (!this.#reader.atBoundary) {
      this.#break(status.INTERNAL, 'The stream ended in the middle of a message');
    } else {
      this.#owner.onWaiting();
    }
  }

  /** Asks for one more message. */
  read(): void {
    this.#wanted = true;
    this.#makeRoom();
  }

  /** Drops what is there and hands over no more. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    let bytes = this.#partial;
    let held = this.#held;
    for (let entry = this.#entries.shift(); entry; entry = this.#entries.shift()) {
      bytes += entry.bytes;
      held += entry.held;
    }
    this.#partial = 0;
    this.#held = 0;
    if (held > 0) this.#memory?.release(held);
    if (bytes > 0) this.#owner.consume(bytes);
  }

  /** Hands over what may be; not to be called where user code must not run. */
  pump(): void {
    // A reader that asks for more from within is served by the loop that is running.
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#wanted && this.#state === 'open' && !this.#entries.isEmpty) this.#handOver();
    } finally {
      this.#pumping = false;
    }
    if (this.#ended && this.#state === 'open' && this.#entries.isEmpty) {
      this.#state = 'closed';
      this.#owner.onAllRead();
    }
  }

  // ---- Called by the reader

  /** @internal */
  onMessage(message: Buffer, compressed: boolean): void {
    // What is left of the piece belongs to the next message; it is counted when that is complete.
    const bytes = Math.min(this.#partial, message.length + PREFIX_LENGTH);
    this.#partial -= bytes;
    this.#entries.push({ message, compressed, bytes, held: this.#held });
    this.#held = 0;
    this.#owner.onWaiting();
  }

  /** @internal */
  takeRoom(bytes: number): boolean {
    if (this.#memory?.hold(bytes) === false) return false;
    this.#held += bytes;
    return true;
  }

  /** @internal */
  onNoRoom(): void {
    this.#break(
      status.RESOURCE_EXHAUSTED,
      'Messages of this connection that are not complete need more than "grpc-node.max_session_memory"',
    );
  }

  /** @internal */
  onTooLong(length: number): void {
    this.#break(
      status.RESOURCE_EXHAUSTED,
      `Received message larger than max (${length} vs ${this.#limit})`,
    );
  }

  #handOver(): void {
    const entry = this.#entries.first!;
    if (entry.compressed) return this.#decompress(entry);
    this.#entries.shift();
    this.#wanted = false;
    if (entry.held > 0) this.#memory?.release(entry.held);
    this.#owner.consume(entry.bytes);
    this.#owner.onMessage(entry.message);
  }

  #decompress(entry: Entry): void {
    this.#state = 'decompressing';
    decompress(entry.message, this.encoding, this.#limit).then(
      (message) => {
        if (this.#state === 'closed') return;
        this.#state = 'open';
        entry.message = message;
        entry.compressed = false;
        this.#owner.onWaiting();
      },
      (error: UnreadableMessage) => this.#break(error.code, error.details),
    );
  }

  #break(code: status, details: string): void {
    if (this.#state === 'closed') return;
    this.close();
    this.#owner.onUnreadable(code, details);
  }

  /** A message longer than the window only comes if its first bytes make room for its last ones. */
  #makeRoom(): void {
    if (!this.#wanted || this.#partial === 0 || !this.#entries.isEmpty) return;
    if (this.#state !== 'open') return;
    const bytes = this.#partial;
    this.#partial = 0;
    this.#owner.consume(bytes);
  }
}
