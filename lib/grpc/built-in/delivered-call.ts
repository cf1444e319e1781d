import { AsyncResource } from 'node:async_hooks';
import type { status } from '@grpc/grpc-js';
import type { ConnectionMemory } from './connection-memory.js';
import { deliverSoon, type Deliverable } from './delivery-turns.js';
import { MessageReceiveQueue } from './message-receive-queue.js';
import type {
  MessageReceiveQueueKind,
  MessageReceiveQueueOwner,
} from './message-receive-queue-owner.js';

/**
 * Base of client and server calls: delivers received events to user code, messages only after
 * `startRead()`.
 *
 * Events are delivered on the next tick, or later if many calls have events, and in the async context of the
 * call, never on the stack of the connection. An error of user code becomes an uncaughtException; the remaining events are delivered on
 * another tick.
 */
export abstract class DeliveredCall
  extends AsyncResource
  implements MessageReceiveQueueOwner, Deliverable
{
  protected readonly receiveQueue: MessageReceiveQueue;
  /** Whether a delivery is scheduled or running. */
  #isDelivering = false;

  /**
   * @param type - type of the async resource.
   * @param maxReceiveLength - maximum size of a message in bytes; negative for no limit.
   */
  constructor(
    type: string,
    maxReceiveLength: number,
    kind: MessageReceiveQueueKind,
    memory?: ConnectionMemory,
  ) {
    super(type);
    this.receiveQueue = new MessageReceiveQueue(maxReceiveLength, this, kind, memory);
  }

  /** Requests one message. Delivers it at once, on the stack of the caller, if it is available. */
  startRead(): void {
    this.receiveQueue.read();
    // A delivery serves the request itself.
    if (!this.#isDelivering) this.receiveQueue.pump();
  }

  /** Called by the receive queue. */
  onWaiting(): void {
    this.schedule();
  }

  abstract onMessage(message: Buffer): void;
  abstract onAllRead(): void;
  abstract onUnreadable(code: status, details: string): void;
  abstract consume(bytes: number): void;

  /** The async context of deliveries. */
  get scope(): AsyncResource {
    return this;
  }

  /** Whether user code may still receive events. */
  protected abstract get mayDeliver(): boolean;

  /** Delivers the received events in their order. Runs user code, which may throw. */
  protected abstract deliverEvents(): void;

  /** Schedules a delivery, unless one is scheduled or running. */
  protected schedule(): void {
    if (this.#isDelivering || !this.mayDeliver) return;
    this.#isDelivering = true;
    deliverSoon(this);
  }

  /** Runs a scheduled delivery. */
  deliver(): void {
    let isDone = false;
    try {
      this.deliverEvents();
      isDone = true;
    } finally {
      this.#isDelivering = false;
      if (!isDone) this.schedule();
    }
  }
}
