import { status } from '@grpc/grpc-js';
import { isLent } from '../../wire/index.js';
import { NO_CONNECTION } from './connection-memory.js';
import type { CompressedMessage } from './decompressor.js';
import { messageTime, MESSAGES_PER_LOOK } from './delivery-time.js';
import { ExpansionCharge } from './expansion-charge.js';
import { withoutLargeBuffer } from './large-buffer.js';
import { NO_ROOM } from './message-limits.js';
import { MessageMemory } from './message-memory.js';
import { MessageReader, type MessageSink } from './message-reader.js';
import type {
  MessageReceiveQueueKind,
  MessageReceiveQueueOwner,
} from './message-receive-queue-owner.js';
import type { MessageReceiveQueueState } from './message-receive-queue-state.js';
import { ReaderPoll } from './reader-poll.js';
import { UnreadBytes } from './unread-bytes.js';

const CUT = 'The stream ended in the middle of a message';

/**
 * Queue of received messages. Each `read()` delivers one, in order and decompressed. Only the first message
 * is assembled in advance; later bytes are kept as received. Unread bytes are not consumed, so that the
 * flow-control window applies backpressure to the peer.
 *
 * Longer than 300 lines because all methods change the state of the current message.
 */
export class MessageReceiveQueue implements MessageSink, CompressedMessage {
  /** `grpc-encoding` of the received messages. */
  encoding = 'identity';
  /** Memory that the messages hold. */
  readonly memory: MessageMemory;
  /** Maximum size of a message in bytes; negative for no limit. */
  readonly limit: number;
  readonly #owner: MessageReceiveQueueOwner;
  readonly #kind: MessageReceiveQueueKind;
  readonly #reader: MessageReader;
  /** The current message, once it is complete and until it is delivered. */
  #message: Buffer | undefined;
  #isCompressed = false;
  /** Set if the current message was decompressed. */
  #expansion: ExpansionCharge | undefined;
  /** Bytes after the current message; undefined if there were none so far. */
  #unread: UnreadBytes | undefined;
  /** Bytes of the stream that the current message, complete or not, took and that are not consumed yet. */
  #taken = 0;
  /** Whether a message was requested and is not yet delivered. */
  #wanted = false;
  /** Whether `end()` was called. */
  #ended = false;
  /** True within `read()`, whose caller calls `pump()` itself. */
  #reading = false;
  /** True within `pump()`, whose loop serves a `read()` of a listener. */
  #pumping = false;
  #state: MessageReceiveQueueState = 'open';
  /** Number of messages that could be delivered; the clock is read at every eighth of them. */
  #dueCount = 0;
  /** True from the end of the delivery time until the next turn of the event loop. */
  #isPaused = false;
  /** Set while the reader is behind with the current message. */
  #readerPoll: ReaderPoll | undefined;

  /** @param limit - maximum size of a message in bytes; negative for no limit. */
  constructor(
    limit: number,
    owner: MessageReceiveQueueOwner,
    kind: MessageReceiveQueueKind,
    memory = NO_CONNECTION,
  ) {
    this.limit = limit;
    this.memory = new MessageMemory(memory);
    this.#owner = owner;
    this.#kind = kind;
    this.#reader = new MessageReader(limit, this);
  }

  /**
   * Adds bytes of the stream, in pieces of any size: those of `chunk` from `start` to `end`. Keeps no view of a
   * lent chunk.
   */
  push(chunk: Buffer, start: number, end: number): void {
    const isNext = this.#message === undefined && this.#unreadLength() === 0;
    const isRead = isNext && this.#state === 'open';
    const at = isRead ? this.#receive(chunk, start, end, isLent(chunk)) : start;
    if (this.#state === 'closed') this.#owner.consume(end - at);
    else if (at < end) this.#keep(chunk, at, end);
  }

  /** Marks the end of the stream. */
  end(): void {
    this.#ended = true;
    this.#receiveUnread();
    if (this.#state === 'closed') return;
    if (this.#isCut()) this.#break(status.INTERNAL, CUT);
    else this.#owner.onWaiting();
  }

  /** Requests one message. The caller then calls `pump()`, as soon as user code may run. */
  read(): void {
    this.#wanted = true;
    if (this.#kind === 'stream') this.memory.releasePassed();
    this.#reading = true;
    this.#receiveUnread();
    this.#reading = false;
    this.#makeRoom();
  }

  /**
   * Corrects the held memory of the last delivered message to its decoded size. Returns false if the queue
   * is closed, or if there is not enough memory; `onUnreadable` was called in the latter case.
   *
   * @param length - encoded size of that message in bytes.
   */
  holdDecoded(decoded: unknown, length: number): boolean {
    if (this.#state === 'closed') return false;
    const size = this.memory.measureLast(decoded, length);
    // Decoding the fields took time, even if the decoded message does not contain them.
    this.#expansion?.charge(Math.max(size, this.memory.last / 4));
    if (this.memory.correctLast(size)) return true;
    this.#break(status.RESOURCE_EXHAUSTED, NO_ROOM);
    return false;
  }

  /** Drops all bytes and messages, releases all memory, and delivers no more. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'decompressing' || this.#state === 'over budget') {
      this.memory.account.decompressor.remove(this);
    }
    this.#readerPoll?.stop();
    this.#state = 'closed';
    this.memory.releaseAll();
    this.#message = undefined;
    const bytes = this.#taken + this.#unreadLength();
    this.#taken = 0;
    this.#unread?.clear();
    if (bytes > 0) this.#owner.consume(bytes);
  }

  /**
   * Delivers messages while they are requested and available, and while there is time in this turn of the
   * event loop. Runs user code.
   */
  pump(): void {
    if (this.#pumping || this.#isPaused) return;
    this.#pumping = true;
    try {
      while (this.#wanted && this.#isDue() && !this.#isTimeUp()) this.#handOver();
    } finally {
      this.#pumping = false;
    }
    if (this.#message !== undefined) this.#message = withoutLargeBuffer(this.#message);
    else if (this.#ended && this.#state === 'open' && this.#unreadLength() === 0) this.#finish();
  }

  /** Delivers again after a turn of the event loop. */
  resume(): void {
    this.#isPaused = false;
    if (this.#state !== 'closed') this.#owner.onWaiting();
  }

  // ---- Called by the reader

  onMessage(message: Buffer, compressed: boolean): void {
    this.#message = message;
    this.#isCompressed = compressed;
    this.#expansion = undefined;
    if (!this.#reading) this.#owner.onWaiting();
  }

  /** Holds memory for a message that is being received or decompressed. */
  takeRoom(bytes: number): boolean {
    return this.memory.take(bytes);
  }

  onNoRoom(): void {
    this.#break(status.RESOURCE_EXHAUSTED, NO_ROOM);
  }

  onTooLong(length: number): void {
    const details = `Received message larger than max (${length} vs ${this.limit})`;
    this.#break(status.RESOURCE_EXHAUSTED, details);
  }

  // ---- Called by the decompressor, and after a pause for the reader

  get message(): Buffer {
    return this.#message!;
  }

  onDecompressed(message: Buffer): void {
    this.#state = 'open';
    const { decompressor } = this.memory.account;
    this.#expansion = new ExpansionCharge(decompressor, this, this.#message!.length);
    this.#message = message;
    this.#isCompressed = false;
    this.#owner.onWaiting();
  }

  onAllowed(): void {
    this.#state = 'open';
    this.#owner.onWaiting();
  }

  onUnreadable(code: status, details: string): void {
    this.#state = 'open';
    this.#break(code, details);
  }

  // ---- Private methods

  /** Bytes after the current message. */
  #unreadLength(): number {
    return this.#unread === undefined ? 0 : this.#unread.length;
  }

  /** Whether the received bytes end within a message. */
  #isCut(): boolean {
    return this.#message === undefined && !this.#reader.atBoundary;
  }

  /** Whether the remaining messages have to wait for the next turn; then schedules their delivery. */
  #isTimeUp(): boolean {
    this.#dueCount += 1;
    if (this.#dueCount % MESSAGES_PER_LOOK !== 0 || !messageTime.isUp()) return false;
    this.#isPaused = true;
    setImmediate(resume, this);
    return true;
  }

  /** Whether the current message may be delivered. */
  #isDue(): boolean {
    if (this.#message === undefined || this.#state !== 'open') return false;
    // A second message where only one is allowed must be delivered, too.
    return this.#kind === 'stream' || this.#ended || this.#unreadLength() > 0;
  }

  /** Reads up to one message. Returns where it ends in `chunk`, or `end`. */
  #receive(chunk: Buffer, start: number, end: number, lent: boolean): number {
    const at = this.#reader.read(chunk, start, end, lent);
    // The queue failed: the caller consumes the remaining bytes.
    if (this.#state === 'closed') return start;
    this.#taken += at - start;
    this.#makeRoom();
    return at;
  }

  #receiveUnread(): void {
    while (this.#message === undefined && this.#unreadLength() > 0 && this.#state === 'open') {
      const unread = this.#unread!;
      const { buffer, start, end } = unread.front;
      const at = this.#receive(buffer, start, end, false);
      if (at > start) unread.advance(at - start);
    }
  }

  /** Keeps a piece of a later message. */
  #keep(chunk: Buffer, start: number, end: number): void {
    const unread = (this.#unread ??= new UnreadBytes());
    const isReadSoon = this.#wanted && this.#kind === 'stream' && this.#state === 'open';
    if (isReadSoon) unread.keepForTurn(chunk, start, end);
    else unread.keep(chunk, start, end);
    if (this.#wanted) this.#owner.onWaiting();
  }

  #finish(): void {
    if (this.#isCut()) return this.#break(status.INTERNAL, CUT);
    this.#state = 'finished';
    this.#owner.onAllRead();
  }

  #handOver(): void {
    const { memory } = this;
    if (this.#isCompressed) {
      this.#state = 'decompressing';
      return memory.account.decompressor.add(this);
    }
    const message = this.#message!;
    if (memory.isReaderBehind(message.length)) return this.#waitForReader();
    if (!this.#mayBecome(message.length)) return;
    const size = memory.estimate(message, this.#expansion !== undefined);
    if (!memory.hasRoomFor(size)) {
      this.#expansion?.charge(size);
      return this.#break(status.RESOURCE_EXHAUSTED, NO_ROOM);
    }
    if (!this.#mayBecome(size)) return;
    memory.deliver(size);
    this.#readerPoll = undefined;
    this.#message = undefined;
    this.#wanted = false;
    const bytes = this.#taken;
    this.#taken = 0;
    this.#owner.consume(bytes);
    this.#owner.onMessage(message);
  }

  #waitForReader(): void {
    this.#state = 'reader behind';
    (this.#readerPoll ??= new ReaderPoll()).wait(() => this.onAllowed());
  }

  /** Whether a decompressed message may grow to `size` bytes now. True for uncompressed ones. */
  #mayBecome(size: number): boolean {
    if (this.#expansion === undefined || this.#expansion.allows(size)) return true;
    this.#state = 'over budget';
    return false;
  }

  #break(code: status, details: string): void {
    if (this.#state === 'closed') return;
    this.close();
    this.#owner.onUnreadable(code, details);
  }

  /** Consumes the received bytes of a requested partial message, which may be longer than the window. */
  #makeRoom(): void {
    if (!this.#wanted || this.#taken === 0 || this.#message !== undefined) return;
    if (this.#state !== 'open') return;
    const bytes = this.#taken;
    this.#taken = 0;
    this.#owner.consume(bytes);
  }
}

function resume(queue: MessageReceiveQueue): void {
  queue.resume();
}
