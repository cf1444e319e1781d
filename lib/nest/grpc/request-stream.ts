import type { Duplex } from 'node:stream';
import { Observable, Subject, type Subscriber } from 'rxjs';
import { inPresentContext } from './subscriber-context.js';

/** The requests of a call, as passed to handlers of `@GrpcStreamMethod`. */
export type Requests = Observable<unknown> & AsyncIterable<unknown>;

/** The call from which requests are read; emits `cancelled` at every end of the call. */
export type RequestCall = Duplex & { readonly cancelled?: boolean };

/**
 * The requests of one call as an observable with backpressure:
 *
 * - Nothing is read while there is no subscriber. HTTP/2 flow control makes the caller wait meanwhile.
 * - An observer has consumed a request when it returns from `next`; requests that operators buffer
 *   (`concatMap`, `toArray`) are not counted. `for await` has consumed one when it asks for the next one.
 * - Several observers share the requests: observers that subscribe in the same turn of the event loop as
 *   the first one get all requests, later ones get the rest.
 *
 * The observable completes when the requests do, and when the call is over. It does not fail.
 */
export class RequestStream {
  /** The requests, for `subscribe` or `for await`. */
  readonly requests: Requests;
  readonly #call: RequestCall;
  readonly #coming = new Subject<unknown>();
  /** Requests received without demand, because other code also reads from the call. */
  readonly #kept: unknown[] = [];
  #state: 'unread' | 'starting' | 'read' = 'unread';
  #isListening = false;
  #isComplete = false;
  #isReplaying = false;
  #holds = 0;

  /** @param call - a call from which nothing has been read yet. */
  constructor(call: RequestCall) {
    this.#call = call;
    this.requests = Object.assign(
      new Observable<unknown>((subscriber) => this.#attach(subscriber)),
      { [Symbol.asyncIterator]: () => this.#iterate() },
    );
    call.on('newListener', this.#onListener);
    for (const event of ['end', 'cancelled', 'close']) call.once(event, () => this.#onEnd());
  }

  /** Pauses reading until the returned function is called. */
  hold(): () => void {
    this.#holds += 1;
    this.#flow();
    return () => {
      this.#holds -= 1;
      this.#flow();
    };
  }

  get #isWanted(): boolean {
    return this.#state === 'read' && this.#holds === 0 && this.#coming.observed;
  }

  #attach(subscriber: Subscriber<unknown>): () => void {
    const subscription = this.#coming.subscribe(inPresentContext(subscriber));
    if (this.#state === 'unread') this.#start();
    else this.#flow();
    return () => {
      subscription.unsubscribe();
      this.#flow();
    };
  }

  /** Waits for other observers, which may subscribe in the same turn. */
  #start(): void {
    this.#state = 'starting';
    setImmediate(() => {
      this.#state = 'read';
      this.#flow();
    });
  }

  /** If other code, such as a guard, reads a request from the call, the request must not be lost here. */
  readonly #onListener = (event: string | symbol): void => {
    if (event === 'data') this.#listen();
  };

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#call.off('newListener', this.#onListener);
    this.#call.on('data', (request) => this.#onRequest(request));
  }

  #onRequest(request: unknown): void {
    if (this.#isWanted && this.#kept.length === 0) {
      this.#coming.next(request);
    } else {
      this.#kept.push(request);
      this.#flow();
    }
  }

  #onEnd(): void {
    this.#isComplete = true;
    if (this.#kept.length === 0) this.#coming.complete();
  }

  #flow(): void {
    if (this.#isWanted && this.#kept.length > 0) return this.#replaySoon();
    if (this.#call.destroyed) return;
    if (this.#isWanted) {
      this.#listen();
      this.#call.resume();
    } else if (this.#isListening) {
      this.#call.pause();
    }
  }

  #replaySoon(): void {
    if (this.#isReplaying) return;
    this.#isReplaying = true;
    process.nextTick(() => {
      while (this.#isWanted && this.#kept.length > 0) this.#coming.next(this.#kept.shift());
      this.#isReplaying = false;
      if (this.#isComplete) this.#onEnd();
      else this.#flow();
    });
  }

  /** Pauses reading while the consumer has not consumed all received requests. */
  async *#iterate(): AsyncGenerator<unknown> {
    const waiting: unknown[] = [];
    let wake = (): void => {};
    let release: (() => void) | undefined;
    let isComplete = false;
    const subscription = this.requests.subscribe({
      next: (request) => {
        waiting.push(request);
        release ??= this.hold();
        wake();
      },
      complete: () => {
        isComplete = true;
        wake();
      },
    });
    try {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift();
        if (isComplete) return;
        const woken = new Promise<void>((resolve) => (wake = resolve));
        release?.();
        release = undefined;
        await woken;
      }
    } finally {
      subscription.unsubscribe();
      release?.();
    }
  }
}
