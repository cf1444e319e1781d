import { YamuxFlag } from './frame.js';
import type { YamuxStream } from './stream.js';

interface AcceptRequest {
  resolve(stream: YamuxStream): void;
  reject(error: Error): void;
}

/** Brings inbound streams and those who want them together; acknowledges a stream when it is wanted. */
export class AcceptQueue {
  readonly #limit: number;
  #streams: YamuxStream[] = [];
  #waiting: AcceptRequest[] = [];
  #handler: ((stream: YamuxStream) => void) | undefined;
  #closedBy: Error | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether one more stream would have no place to wait. */
  get full(): boolean {
    return (
      this.#handler === undefined &&
      this.#waiting.length === 0 &&
      this.#streams.length >= this.#limit
    );
  }

  offer(stream: YamuxStream): void {
    const request = this.#waiting.shift();
    if (request !== undefined) {
      stream.announce(YamuxFlag.Ack);
      request.resolve(stream);
    } else if (this.#handler !== undefined) {
      this.#hand(stream, this.#handler);
    } else {
      this.#streams.push(stream);
    }
  }

  /** The stream is gone; it need not be accepted any more. */
  withdraw(stream: YamuxStream): void {
    const index = this.#streams.indexOf(stream);
    if (index >= 0) this.#streams.splice(index, 1);
  }

  accept(): Promise<YamuxStream> {
    const stream = this.#streams.shift();
    if (stream !== undefined) {
      stream.announce(YamuxFlag.Ack);
      return Promise.resolve(stream);
    }
    if (this.#closedBy !== undefined) return Promise.reject(this.#closedBy);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  onStream(handler: (stream: YamuxStream) => void): void {
    this.#handler = handler;
    const streams = this.#streams;
    this.#streams = [];
    for (const stream of streams) this.#hand(stream, handler);
  }

  close(error: Error): void {
    this.#closedBy ??= error;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const request of waiting) request.reject(this.#closedBy);
  }

  #hand(stream: YamuxStream, handler: (stream: YamuxStream) => void): void {
    stream.announce(YamuxFlag.Ack);
    try {
      handler(stream);
    } catch (error) {
      stream.destroy(error as Error);
    }
  }
}
