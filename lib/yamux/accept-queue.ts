import { YamuxFlag } from './frame.js';
import type { YamuxStream } from './stream.js';

interface AcceptRequest {
  resolve(stream: YamuxStream): void;
  reject(error: Error): void;
}

/** Matches inbound streams with `accept()` calls or a handler. Acknowledges each accepted stream. */
export class AcceptQueue {
  readonly #limit: number;
  #streams: YamuxStream[] = [];
  #waiting: AcceptRequest[] = [];
  #handler: ((stream: YamuxStream) => void) | undefined;
  #closedBy: Error | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether there is no room for another waiting stream. */
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

  /** Removes a stream that has ended. */
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
