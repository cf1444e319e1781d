import type { Observable, Subscription } from 'rxjs';
import { noValue, tellUnfiltered } from './handler-failures.js';

/** What is used of the call that a handler answers. */
export interface AnsweredCall {
  readonly cancelled?: boolean;
  /** Emitted when the call is over, however it ended. */
  once(event: 'cancelled', listener: () => void): unknown;
  off(event: 'cancelled', listener: () => void): unknown;
}

/** Takes the answer to a unary call; of more than one the first counts. */
export type AnswerCallback = (error: unknown, value?: unknown) => void;

/**
 * Answers a unary call from the observable that its handler returned:
 *
 * - The first value is the answer, at once: there are handlers that return the stream of a state, which
 *   goes on for ever. What comes after it is ignored, also an error. A promise is waited for.
 * - Without a value the call fails.
 * - The observable is unsubscribed from when the call is over: cancelled, past its deadline, or
 *   answered. What completes together with its value has done so by then.
 *
 * @param onEnd - told once, when the observable is done with, either way.
 */
export function answerFrom(
  source: Observable<unknown>,
  call: AnsweredCall,
  methodName: string,
  callback: AnswerCallback,
  onEnd: () => void,
): void {
  if (call.cancelled) return onEnd();
  const answer = new OneAnswer(call, methodName, callback, onEnd);
  answer.follow(source.subscribe(answer));
}

/** Observes what a handler returned. */
class OneAnswer {
  readonly #call: AnsweredCall;
  readonly #methodName: string;
  readonly #callback: AnswerCallback;
  readonly #onEnd: () => void;
  #answer: 'awaited' | 'a promise' | 'given' = 'awaited';
  #isComplete = false;
  #subscription: Subscription | undefined;

  constructor(call: AnsweredCall, methodName: string, callback: AnswerCallback, onEnd: () => void) {
    this.#call = call;
    this.#methodName = methodName;
    this.#callback = callback;
    this.#onEnd = onEnd;
  }

  /** What is already over by now, as most are, needs no listener. */
  follow(subscription: Subscription): void {
    if (this.#isComplete) return;
    this.#subscription = subscription;
    this.#call.once('cancelled', this.#onOver);
  }

  next(value: unknown): void {
    if (this.#answer !== 'awaited') return;
    if (value instanceof Promise) void this.#await(value);
    else this.#give(null, value);
  }

  error(error: unknown): void {
    this.#give(error);
    this.#end();
  }

  complete(): void {
    if (this.#answer === 'awaited') this.#give(noValue(this.#methodName));
    this.#end();
  }

  #give(error: unknown, value?: unknown): void {
    if (this.#answer === 'given') return;
    this.#answer = 'given';
    this.#callback(error, value);
  }

  async #await(promise: Promise<unknown>): Promise<void> {
    this.#answer = 'a promise';
    try {
      this.#give(null, await promise);
    } catch (error) {
      tellUnfiltered(error, (failure) => this.#give(failure));
    }
  }

  readonly #onOver = (): void => {
    this.#subscription!.unsubscribe();
    this.#end();
  };

  #end(): void {
    this.#isComplete = true;
    if (this.#subscription) this.#call.off('cancelled', this.#onOver);
    this.#onEnd();
  }
}
