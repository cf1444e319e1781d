import { inRootContext } from '../context/index.js';
import { YamuxError } from './errors.js';

interface OpenRequest<T> {
  resolve(stream: T): void;
  reject(error: Error): void;
}

/** The session that opens the streams. */
export interface OpenQueueHost<T> {
  /** Whether the session has room for one more stream. */
  readonly hasRoom: boolean;
  openStream(): T & { readonly id: number };
  /** The peer has not acknowledged a stream in time. */
  onOpenTimeout(error: YamuxError): void;
}

/**
 * Delays `open()` while `limit` streams wait for the peer's acknowledgement (Go: `synCh`), or while
 * the session has no room for another window. A slot is bound to its stream id, so a stray
 * acknowledgement frees no other slot.
 */
export class OpenQueue<T> {
  readonly #limit: number;
  readonly #timeoutMs: number;
  readonly #host: OpenQueueHost<T>;
  /** Timers of the streams that wait for their acknowledgement. Created with the first one. */
  #slots: Map<number, NodeJS.Timeout | undefined> | undefined;
  #waiting: OpenRequest<T>[] = [];
  #closedBy: Error | undefined;

  /**
   * @param limit - streams that may wait for their acknowledgement.
   * @param timeoutMs - milliseconds for an acknowledgement; 0 for no limit.
   */
  constructor(limit: number, timeoutMs: number, host: OpenQueueHost<T>) {
    this.#limit = limit;
    this.#timeoutMs = timeoutMs;
    this.#host = host;
  }

  request(): Promise<T> {
    if (this.#closedBy !== undefined) return Promise.reject(this.#closedBy);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.serve();
    });
  }

  /** Frees the slot of a stream that the peer has acknowledged, or that has ended. */
  release(streamId: number): void {
    if (!this.#slots?.has(streamId)) return;
    clearTimeout(this.#slots.get(streamId));
    this.#slots.delete(streamId);
    this.serve();
  }

  /** Rejects waiting and future requests with `error`. Open streams are not affected. */
  close(error: Error): void {
    this.#closedBy ??= error;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const request of waiting) request.reject(this.#closedBy);
  }

  /** Opens as many waiting streams as possible. Call it when there may be room again. */
  serve(): void {
    while (this.#waiting.length > 0 && this.#openSlots < this.#limit && this.#host.hasRoom) {
      const request = this.#waiting.shift()!;
      try {
        const stream = this.#host.openStream();
        this.#slots ??= new Map();
        this.#slots.set(stream.id, this.#startTimer(stream.id));
        request.resolve(stream);
      } catch (error) {
        request.reject(error as Error);
      }
    }
  }

  get #openSlots(): number {
    return this.#slots?.size ?? 0;
  }

  #startTimer(streamId: number): NodeJS.Timeout | undefined {
    if (this.#timeoutMs === 0) return undefined;
    // A timeout ends the session, which does not belong to the async context of this `open()`.
    return inRootContext(() => setTimeout(() => this.#expire(streamId), this.#timeoutMs).unref());
  }

  #expire(streamId: number): void {
    this.#host.onOpenTimeout(
      new YamuxError(
        'ERR_YAMUX_OPEN_TIMEOUT',
        `the peer did not acknowledge stream ${streamId} within ${this.#timeoutMs} ms`,
      ),
    );
  }
}
