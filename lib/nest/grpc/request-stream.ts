import type { Duplex } from 'node:stream';
import { Observable, Subject, type Subscriber } from 'rxjs';
import { inPresentContext } from './subscriber-context.js';

/** What handlers of `@GrpcStreamMethod` get. */
export type Requests = Observable<unknown> & AsyncIterable<unknown>;

/** The call that requests are read from; `cancelled` is emitted when it is over, however it ended. */
export type RequestCall = Duplex & { readonly cancelled?: boolean };

/**
 * The requests of one call as an observable that reads only as fast as its observers take them:
 *
 * - Nothing is read before the first subscription, however late it is, nor while there is none. The
 *   flow control of HTTP/2 has the caller wait meanwhile.
 * - An observer takes a request by returning from `next`; what it keeps behind that (`concatMap`,
 *   `toArray`) cannot be seen from here. `for await` takes one when it asks for the next one.
 * - Several observers share the requests: those that subscribe in the turn of the event loop of the first
 *   one get all of them, later ones what is still to come.
 *
 * The observable completes when the requests do, and when the call is over. It does not fail.
 */
export class RequestStream {
  /** The requests, for `subscribe` or `for await`. */
  readonly requests: Requests;
  readonly #call: RequestCall;
  readonly #coming = new Subject<unknown>();
  /** Requests that came though nobody wanted them: somebody else reads from the call. */
  readonly #kept: unknown[] = [];
  #state: 'unread' | 'starting' | 'read' = 'unread';
  #isListening = false;
  #isComplete = false;
  #isReplaying = false;
  #holds = 0;

  /** @param call - from which nobody reads yet. */
  constructor(call: RequestCall) {
    this.#call = call;
    this.requests = Object.assign(
      new Observable<unknown>((subscriber) => this.#attach(subscriber)),
      { [Symbol.asyncIterator]: () => this.#iterate() },
    );
    call.on('newListener', this.#onListener);
    for (const event of ['end', 'cancelled', 'close']) call.once(event, () => this.#onEnd());
  }

  /** Reads nothing until the returned function is called. */
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

  /** Others may subscribe in the same turn. */
  #start(): void {
    this.#state = 'starting';
    setImmediate(() => {
      this.#state = 'read';
      this.#flow();
    });
  }

  /** A guard may look at the first request; it is not to be missing here. */
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

  /** Reads no further while its caller has not taken what there is. */
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
