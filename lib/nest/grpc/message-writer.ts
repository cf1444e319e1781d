import { isObservable, type Observable, type Subscription } from 'rxjs';
import { status } from '@grpc/grpc-js';
import { Fifo } from '../../wire/index.js';
import type { Failure } from './handler-failures.js';
import type { WaitingMemory } from './waiting-memory.js';

/** Source of messages to write; an observable may also emit async iterables of messages. */
export type MessageSource = Observable<unknown> | AsyncIterable<unknown> | Iterable<unknown>;

/** The writable stream of a call, on the client or on the server. */
export interface MessageSink {
  write(message: unknown): boolean;
  on(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}

/** Settings and callbacks of a `MessageWriter`. At most one of its three end callbacks is called, once. */
export interface MessageWriterOptions {
  /** Owner of the source in error messages, such as "the handler of X". */
  readonly owner: string;
  /** Limit for messages that wait. */
  readonly memory: WaitingMemory;
  /** Size of a message on the wire, in bytes. @throws if the message cannot be serialized. */
  sizeOf(message: unknown): number;
  /** All messages of the source were written. */
  onComplete(): void;
  /** The source failed: an observable emitted an error, or an iterable threw one. */
  onError(error: unknown, source: 'observable' | 'iterable'): void;
  /** The source gave a value that is no message, or exceeded the memory limit. */
  onFailure(failure: Failure): void;
  /**
   * Called with true when `LONG_BACKLOG` messages wait, and with false when no message waits after a drain.
   */
  onBacklog?(isLong: boolean): void;
}

/** Number of waiting messages that is a backlog: the default high-water mark of a Node object stream. */
const LONG_BACKLOG = 16;

/**
 * Writes the messages of a source to a call as fast as the call accepts them. An iterable is asked for
 * the next message when there is room. An observable has no backpressure: its messages wait here, and
 * the call fails with RESOURCE_EXHAUSTED when they exceed the memory limit. Messages that an observable
 * emits during `subscribe` do not count, because most of them are in memory anyway.
 */
export class MessageWriter {
  readonly #sink: MessageSink;
  readonly #options: MessageWriterOptions;
  readonly #waiting = new Fifo<{ message: unknown; bytes: number }>();
  #waitingCount = 0;
  #state: 'ready' | 'blocked' | 'iterating' | 'over' = 'ready';
  #source: 'subscribing' | 'open' | 'complete' | { error: unknown } = 'subscribing';
  #subscription: Subscription | undefined;
  #iterated: unknown;
  #onRoom: (() => void) | undefined;

  constructor(sink: MessageSink, options: MessageWriterOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  start(source: MessageSource): void {
    this.#sink.on('drain', this.#onDrain);
    if (!isObservable(source) || isAsyncIterable(source)) {
      this.#source = 'complete';
      void this.#iterate(source);
      return;
    }
    const subscription = source.subscribe({
      next: (message) => this.#next(message),
      error: (error) => this.#endSource({ error }),
      complete: () => this.#endSource('complete'),
    });
    if (this.#source === 'subscribing') this.#source = 'open';
    if (this.#isOver()) subscription.unsubscribe();
    else this.#subscription = subscription;
  }

  /** Stops writing and releases the source. Idempotent. */
  stop(): void {
    if (this.#isOver()) return;
    this.#state = 'over';
    this.#sink.off('drain', this.#onDrain);
    this.#subscription?.unsubscribe();
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#options.memory.release(next.bytes);
    }
    // A Node stream might keep a file or a socket open for long.
    if (isDestroyable(this.#iterated)) this.#iterated.destroy();
    this.#onRoom?.();
  }

  #isOver(): boolean {
    return this.#state === 'over';
  }

  #next(message: unknown): void {
    if (this.#isOver()) return;
    if (this.#state === 'ready' && this.#waiting.isEmpty) this.#put(message);
    else this.#wait(message);
  }

  #wait(message: unknown): void {
    const { memory, owner } = this.#options;
    const bytes = this.#source === 'open' ? this.#sizeOf(message) : 0;
    if (!memory.hold(bytes)) {
      const mebibytes = memory.limit / 2 ** 20;
      return this.#fail({
        code: status.RESOURCE_EXHAUSTED,
        details: `more than ${mebibytes} MiB of messages wait for the other end; ${owner} gives an observable, which cannot wait, where an async iterable could`,
      });
    }
    this.#waiting.push({ message, bytes });
    this.#waitingCount += 1;
    if (this.#waitingCount === LONG_BACKLOG) this.#options.onBacklog?.(true);
  }

  /** Returns 0 for a value that cannot be written; the write itself reports the failure later. */
  #sizeOf(message: unknown): number {
    try {
      return isMessage(message) ? this.#options.sizeOf(message) : 0;
    } catch {
      return 0;
    }
  }

  #endSource(end: 'complete' | { error: unknown }): void {
    this.#source = end;
    this.#endIfThrough();
  }

  #put(message: unknown): void {
    if (isAsyncIterable(message)) void this.#iterate(message);
    else if (!this.#write(message)) this.#state = this.#isOver() ? 'over' : 'blocked';
  }

  /** Returns whether there is room for more. */
  #write(message: unknown): boolean {
    if (isMessage(message)) return this.#sink.write(message);
    this.#fail({
      code: status.INTERNAL,
      details: `${this.#options.owner} gave ${describe(message)} in place of a message`,
    });
    return false;
  }

  async #iterate(messages: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
    this.#state = 'iterating';
    this.#iterated = messages;
    try {
      for await (const message of messages) {
        if (!this.#isOver() && !this.#write(message)) await this.#room();
        if (this.#isOver()) return;
      }
    } catch (error) {
      return this.#finish(() => this.#options.onError(error, 'iterable'));
    }
    if (this.#isOver()) return;
    this.#iterated = undefined;
    this.#state = 'ready';
    this.#pump();
  }

  async #room(): Promise<void> {
    if (this.#isOver()) return;
    await new Promise<void>((resolve) => (this.#onRoom = resolve));
    this.#onRoom = undefined;
  }

  readonly #onDrain = (): void => {
    if (this.#state === 'iterating') return this.#onRoom?.();
    this.#state = 'ready';
    this.#pump();
  };

  #pump(): void {
    while (this.#state === 'ready' && !this.#waiting.isEmpty) {
      const { message, bytes } = this.#waiting.shift()!;
      this.#options.memory.release(bytes);
      this.#waitingCount -= 1;
      this.#put(message);
    }
    if (this.#waitingCount === 0) this.#options.onBacklog?.(false);
    this.#endIfThrough();
  }

  #endIfThrough(): void {
    const source = this.#source;
    if (!this.#waiting.isEmpty || this.#state === 'iterating') return;
    if (source === 'complete') this.#finish(() => this.#options.onComplete());
    else if (typeof source === 'object') {
      this.#finish(() => this.#options.onError(source.error, 'observable'));
    }
  }

  #fail(failure: Failure): void {
    this.#finish(() => this.#options.onFailure(failure));
  }

  #finish(tell: () => void): void {
    if (this.#isOver()) return;
    this.stop();
    tell();
  }
}

/** Whether `value` is an async iterable, as Node streams are. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof (value as AsyncIterable<unknown> | null)?.[Symbol.asyncIterator] === 'function';
}

function isDestroyable(value: unknown): value is { destroy(): void } {
  return typeof (value as { destroy?: unknown } | null | undefined)?.destroy === 'function';
}

function isMessage(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function describe(value: unknown): string {
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
