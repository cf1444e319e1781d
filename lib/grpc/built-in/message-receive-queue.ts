import { status } from '@grpc/grpc-js';
import { ByteQueue } from '../../wire/index.js';
import type { ReadAhead } from '../measured-calls.js';
import { NO_CONNECTION, type CallMemory } from './call-memory.js';
import { boundOfDecodedSize, estimateDecodedSize, measureDecodedSize } from './decoded-size.js';
import type { CompressedMessage } from './decompressor.js';
import { HeldMessages } from './held-messages.js';
import { isPartOfLargeBuffer } from './large-buffer.js';
import { NO_ROOM } from './message-limits.js';
import { MessageReader, type MessageSink } from './message-reader.js';

/** The call that a receive queue belongs to. */
export interface MessageReceiveQueueOwner {
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

/**
 * How long a message counts against the memory of the connection once it is handed over: until the next
 * one is asked for (and the reader has passed it on), or, with `single`, until the queue is closed. A
 * `single` message is not handed over (nor decompressed) before the other end has sent all it had to.
 */
export type MessageReceiveQueueKind = 'stream' | 'single';

/**
 * Milliseconds until a reader that is behind is looked at again, as nobody tells when it takes a message:
 * at first, and at most. The pause doubles while it stays behind.
 */
const FIRST_READER_PAUSE_MS = 10;
const LONGEST_READER_PAUSE_MS = 1000;

/** Unread pieces below this are copied together. */
const SMALL_PIECE = 4096;

const CUT = 'The stream ended in the middle of a message';

/**
 * Messages that have come, handed over one for each `read()`, in order, decompressed. Only the first is
 * made a message before it is asked for; the bytes behind it are kept as they came. What nobody reads is
 * not consumed either: the window of the stream then makes the other end wait.
 */
export class MessageReceiveQueue implements MessageSink, CompressedMessage {
  /** `grpc-encoding` of what comes. */
  encoding = 'identity';
  /** What messages count against. Not to be changed once something was pushed. */
  memory: CallMemory;
  /** Where messages that were handed over wait to be taken; until then they count. */
  readAhead: ReadAhead | undefined;
  /** @internal Bytes that a message may have; negative for any number. */
  readonly limit: number;
  readonly #owner: MessageReceiveQueueOwner;
  readonly #kind: MessageReceiveQueueKind;
  readonly #reader: MessageReader;
  /** Bytes behind the message that is being received, or waits. */
  readonly #unread = new ByteQueue();
  /** Whether some of them may be small parts of large buffers. */
  #mayKeepLargeBuffers = false;
  /** The message that waits to be handed over. */
  #message: Buffer | undefined;
  #isCompressed = false;
  /** Length that it had compressed; 0 if it was not. */
  #compressedLength = 0;
  /** Bytes that it is counted as until it is decoded; 0 if that was not asked yet. */
  #estimated = 0;
  /** Bytes that were counted against the budget of the decompressor so far. */
  #counted = 0;
  /** Bytes of the stream that this message took, or the one that is being received, and not consumed yet. */
  #taken = 0;
  /** Bytes of memory that are held for that message. */
  #held = 0;
  /** Whether the message that was handed over last is counted by a bound. */
  #isBound = false;
  /** Memory that is held for messages which were handed over. */
  readonly #handedOver = new HeldMessages();
  #wanted = false;
  /** Within `read()`, whose caller looks for a message itself. */
  #reading = false;
  #ended = false;
  #pumping = false;
  /**
   * `decompressing`: the message that waits is. `over budget`: it has become larger than the decompressor
   * allows now. `reader behind`: it waits for the reader to take others. `finished`: all is handed over.
   * `closed`: nobody wants the rest, and nothing is held.
   */
  #state: 'open' | 'decompressing' | 'over budget' | 'reader behind' | 'finished' | 'closed' =
    'open';
  #readerTimer: NodeJS.Timeout | undefined;
  #readerPauseMs = FIRST_READER_PAUSE_MS;

  /** @param limit - bytes that a message may have; negative for any number. */
  constructor(
    limit: number,
    owner: MessageReceiveQueueOwner,
    kind: MessageReceiveQueueKind,
    memory = NO_CONNECTION,
  ) {
    this.limit = limit;
    this.memory = memory;
    this.#owner = owner;
    this.#kind = kind;
    this.#reader = new MessageReader(limit, this);
  }

  /** Bytes of the stream, in pieces of any size: those of `chunk` from `start` to `end`. */
  push(chunk: Buffer, start: number, end: number): void {
    const isNext = this.#message === undefined && this.#unread.length === 0;
    const at = isNext && this.#state === 'open' ? this.#receive(chunk, start, end) : start;
    if (this.#state === 'closed') this.#owner.consume(end - at);
    else if (at < end) this.#keep(chunk, at, end);
  }

  /** No more bytes will come. */
  end(): void {
    this.#ended = true;
    this.#receiveUnread();
    if (this.#state === 'closed') return;
    if (this.#isCut) this.#break(status.INTERNAL, CUT);
    else this.#owner.onWaiting();
  }

  /** Asks for one more message. The caller calls `pump()` behind it, as soon as user code may run. */
  read(): void {
    this.#wanted = true;
    if (this.#kind === 'stream') this.#releasePassed();
    this.#reading = true;
    this.#receiveUnread();
    this.#reading = false;
    this.#makeRoom();
  }

  /** Whether the message that was handed over last is counted by a bound, and need not be measured. */
  get isCountedByBound(): boolean {
    return this.#isBound;
  }

  /**
   * Takes memory for what the message that was handed over last has become. Returns false if there is
   * none; then `onUnreadable` was told. Returns false, too, if the queue is closed.
   *
   * @param length - of the message that was handed over.
   */
  holdDecoded(decoded: unknown, length: number): boolean {
    if (this.#state === 'closed') return false;
    const held = this.#handedOver.last;
    const size = measureDecodedSize(decoded, length, held + this.memory.room);
    // Fields were read, though they became nothing.
    this.#count(Math.max(size, held / 4));
    if (this.memory.hold(size - held)) {
      this.#handedOver.correctLast(size);
      return true;
    }
    this.#break(status.RESOURCE_EXHAUSTED, NO_ROOM);
    return false;
  }

  /** Drops what is there, hands over no more and holds nothing. */
  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'decompressing' || this.#state === 'over budget') {
      this.memory.decompressor.remove(this);
    }
    clearTimeout(this.#readerTimer);
    this.#state = 'closed';
    this.memory.release(this.#handedOver.keepLast(0));
    this.memory.release(this.#held);
    this.#held = 0;
    this.#message = undefined;
    const bytes = this.#taken + this.#unread.length;
    this.#taken = 0;
    this.#unread.clear();
    if (bytes > 0) this.#owner.consume(bytes);
  }

  /** Hands over what may be; not to be called where user code must not run. */
  pump(): void {
    // A reader that asks for more from within is served by the loop that is running.
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#wanted && this.#isDue()) this.#handOver();
    } finally {
      this.#pumping = false;
    }
    const message = this.#message;
    if (message !== undefined) {
      if (isPartOfLargeBuffer(message)) this.#message = Buffer.from(message);
      return;
    }
    if (this.#ended && this.#state === 'open' && this.#unread.length === 0) this.#finish();
  }

  // ---- Called by the reader

  /** @internal */
  onMessage(message: Buffer, compressed: boolean): void {
    this.#message = message;
    this.#isCompressed = compressed;
    this.#compressedLength = 0;
    if (!this.#reading) this.#owner.onWaiting();
  }

  /** @internal Of a message that is being received, or decompressed. */
  takeRoom(bytes: number): boolean {
    if (!this.memory.hold(bytes)) return false;
    this.#held += bytes;
    return true;
  }

  /** @internal */
  onNoRoom(): void {
    this.#break(status.RESOURCE_EXHAUSTED, NO_ROOM);
  }

  /** @internal */
  onTooLong(length: number): void {
    this.#break(
      status.RESOURCE_EXHAUSTED,
      `Received message larger than max (${length} vs ${this.limit})`,
    );
  }

  // ---- Called by the decompressor

  /** @internal */
  get message(): Buffer {
    return this.#message!;
  }

  /** @internal */
  onDecompressed(message: Buffer): void {
    this.#state = 'open';
    this.#compressedLength = this.#message!.length;
    this.#counted = 0;
    this.#message = message;
    this.#isCompressed = false;
    this.#owner.onWaiting();
  }

  /** @internal */
  onAllowed(): void {
    this.#state = 'open';
    this.#owner.onWaiting();
  }

  /** @internal */
  onUnreadable(code: status, details: string): void {
    this.#state = 'open';
    this.#break(code, details);
  }

  // ---- Its own

  /** Whether the bytes end in the middle of a message. */
  get #isCut(): boolean {
    return this.#message === undefined && !this.#reader.atBoundary;
  }

  /** Whether the message that waits may be handed over. */
  #isDue(): boolean {
    if (this.#message === undefined || this.#state !== 'open') return false;
    // Of two messages where there must be one, the second is to be told, too.
    return this.#kind === 'stream' || this.#ended || this.#unread.length > 0;
  }

  /** Receives up to one message. Returns where in `chunk` it ends, or `end`. */
  #receive(chunk: Buffer, start: number, end: number): number {
    const at = this.#reader.read(chunk, start, end);
    // Otherwise it is broken: what is not consumed yet is left to whoever has pushed it.
    if (this.#state === 'closed') return start;
    this.#taken += at - start;
    this.#makeRoom();
    return at;
  }

  #receiveUnread(): void {
    const unread = this.#unread;
    while (this.#message === undefined && unread.length > 0 && this.#state === 'open') {
      const { buffer, start, end } = unread.front;
      // Only buffers are put into it.
      const at = this.#receive(buffer as Buffer, start, end);
      if (at > start) unread.advance(at - start);
    }
  }

  /** Keeps a piece that belongs to a later message. One that is read in this turn is not copied. */
  #keep(chunk: Buffer, start: number, end: number): void {
    const length = end - start;
    const isReadSoon = this.#wanted && this.#kind === 'stream' && this.#state === 'open';
    if (isReadSoon) {
      if (length < SMALL_PIECE) this.#unread.copyRun(chunk, start, end);
      else this.#unread.keep(chunk, start, end);
      this.#releaseLargeBuffersSoon();
    } else if (isWasteful(chunk, length)) {
      this.#unread.copy(chunk, start, end);
    } else {
      this.#unread.keep(chunk, start, end);
    }
    if (this.#wanted) this.#owner.onWaiting();
  }

  /**
   * At the end of the turn unread pieces are copied together: they must not keep large buffers in memory,
   * nor have an object each if they are small.
   */
  #releaseLargeBuffersSoon(): void {
    if (this.#mayKeepLargeBuffers) return;
    this.#mayKeepLargeBuffers = true;
    setImmediate(() => {
      this.#mayKeepLargeBuffers = false;
      if (this.#unread.length === 0) return;
      this.#unread.compact(isWasteful);
    });
  }

  #finish(): void {
    if (this.#isCut) return this.#break(status.INTERNAL, CUT);
    this.#state = 'finished';
    this.#owner.onAllRead();
  }

  #handOver(): void {
    if (this.#isCompressed) {
      this.#state = 'decompressing';
      return this.memory.decompressor.add(this);
    }
    if (this.#isReaderBehind()) return this.#waitForReader();
    const message = this.#message!;
    if (!this.#mayBecome(message.length)) return;
    const size = (this.#estimated ||= this.#estimate(message));
    if (size - this.#held > this.memory.room) {
      this.#count(size);
      return this.#break(status.RESOURCE_EXHAUSTED, NO_ROOM);
    }
    if (!this.#mayBecome(size)) return;
    this.memory.hold(size - this.#held);
    this.#readerPauseMs = FIRST_READER_PAUSE_MS;
    this.#handedOver.add(size);
    this.#estimated = 0;
    this.#held = 0;
    this.#message = undefined;
    this.#wanted = false;
    const bytes = this.#taken;
    this.#taken = 0;
    this.#owner.consume(bytes);
    this.#owner.onMessage(message);
  }

  /** While memory is plentiful the reader may have messages that it has not taken yet, otherwise none. */
  #isReaderBehind(): boolean {
    const { length } = this.#message!;
    if (this.readAhead === undefined || this.memory.isPlentyFor(length)) return false;
    this.#releasePassed();
    return this.readAhead.readableLength > 0 && !this.memory.isPlentyFor(length);
  }

  #waitForReader(): void {
    this.#state = 'reader behind';
    this.#readerTimer = setTimeout(() => {
      this.#state = 'open';
      this.#owner.onWaiting();
    }, this.#readerPauseMs).unref();
    this.#readerPauseMs = Math.min(LONGEST_READER_PAUSE_MS, 2 * this.#readerPauseMs);
  }

  /** Bytes that `message` is counted as until it is decoded. */
  #estimate(message: Buffer): number {
    const bound = boundOfDecodedSize(message.length);
    this.#isBound = this.#compressedLength === 0 && this.memory.isPlentyFor(bound);
    if (this.#isBound) return bound;
    // The bytes that were held while the message was received are part of the size.
    return estimateDecodedSize(message, this.#held + this.memory.room);
  }

  /** Whether the decompressor allows the message to take `size` bytes now, if it was compressed. */
  #mayBecome(size: number): boolean {
    const compressedLength = this.#compressedLength;
    if (compressedLength === 0) return true;
    const counted = this.#counted;
    if (size <= counted) return true;
    this.#counted = size;
    if (this.memory.decompressor.allows(this, compressedLength, counted, size)) return true;
    this.#state = 'over budget';
    return false;
  }

  /** Counts what the message has become against the budget of the decompressor, if it was compressed. */
  #count(size: number): void {
    if (this.#compressedLength === 0) return;
    this.memory.decompressor.charge(this.#compressedLength, this.#counted, size);
    this.#counted = size;
  }

  /** The reader has taken all but those that it has waiting. */
  #releasePassed(): void {
    this.memory.release(this.#handedOver.keepLast(this.readAhead?.readableLength ?? 0));
  }

  #break(code: status, details: string): void {
    if (this.#state === 'closed') return;
    this.close();
    this.#owner.onUnreadable(code, details);
  }

  /** A message longer than the window only comes if its first bytes make room for its last ones. */
  #makeRoom(): void {
    if (!this.#wanted || this.#taken === 0 || this.#message !== undefined) return;
    if (this.#state !== 'open') return;
    const bytes = this.#taken;
    this.#taken = 0;
    this.#owner.consume(bytes);
  }
}

/** Whether `length` bytes of `buffer` that stay unread for some time are better copied. */
function isWasteful(buffer: Uint8Array, length: number): boolean {
  return length < SMALL_PIECE || isPartOfLargeBuffer(buffer, length);
}
