import type { status } from '@grpc/grpc-js';

/** The call that owns a receive queue. */
export interface MessageReceiveQueueOwner {
  /** Called when a message may be delivered. The owner must then call `pump()`, on a separate stack. */
  onWaiting(): void;
  /** Called with one message per `read()`. */
  onMessage(message: Buffer): void;
  /** Called when all messages are delivered and `end()` was called. */
  onAllRead(): void;
  /** Called if the messages cannot be read, as the last event. */
  onUnreadable(code: status, details: string): void;
  /** Called when `bytes` of the pushed data are consumed, so that the peer may send more. */
  consume(bytes: number): void;
}

/**
 * How long a delivered message counts towards the memory of the connection: `stream` until the next read
 * (and until the reader has passed the message on), `single` until the queue is closed. A `single` message
 * is delivered, and decompressed, only after the peer has half-closed the stream, or sent more behind it.
 */
export type MessageReceiveQueueKind = 'stream' | 'single';
