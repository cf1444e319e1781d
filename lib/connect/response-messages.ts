import type { ConnectError } from '@connectrpc/connect';

interface Reader<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: ConnectError): void;
}

const DONE = { done: true, value: undefined } as const;

/**
 * The messages of a response, to be read once. Asks for a message when its reader does, so that at most one
 * message waits; the windows of the connection stop the other end.
 */
export class ResponseMessages<T> implements AsyncIterableIterator<T, undefined> {
  readonly #startRead: () => void;
  readonly #cancel: () => void;
  readonly #readers: Reader<T>[] = [];
  /** The message that has arrived before its reader. */
  #waiting: { readonly message: T } | undefined;
  /** Whether a message is asked for that has not arrived. */
  #isReading = false;
  #end: { readonly error: ConnectError | undefined } | undefined;

  /**
   * @param startRead - asks for one message.
   * @param cancel - ends the call; called when the reader leaves.
   */
  constructor(startRead: () => void, cancel: () => void) {
    this.#startRead = startRead;
    this.#cancel = cancel;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#serve();
    });
  }

  /** Cancels the call, unless it has ended. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#waiting = undefined;
    this.finish(undefined);
    this.#cancel();
    return DONE;
  }

  /**
   * Asks for the first message before there is a reader: some engines tell the end of a call only to those
   * who read.
   */
  read(): void {
    if (this.#isReading || this.#end !== undefined) return;
    this.#isReading = true;
    this.#startRead();
  }

  push(message: T): void {
    this.#isReading = false;
    if (this.#end !== undefined) return;
    this.#waiting = { message };
    this.#serve();
  }

  /** Ends the messages. Only the first end counts. */
  finish(error: ConnectError | undefined): void {
    this.#end ??= { error };
    this.#serve();
  }

  #serve(): void {
    while (this.#readers.length > 0) {
      if (this.#waiting !== undefined) {
        const { message } = this.#waiting;
        this.#waiting = undefined;
        this.#readers.shift()!.resolve({ done: false, value: message });
      } else if (this.#end === undefined) {
        return this.read();
      } else {
        this.#serveEnd(this.#end.error);
      }
    }
  }

  /** An error is thrown once; after it, there are no more messages. */
  #serveEnd(error: ConnectError | undefined): void {
    const reader = this.#readers.shift()!;
    this.#end = { error: undefined };
    if (error === undefined) reader.resolve(DONE);
    else reader.reject(error);
  }
}
