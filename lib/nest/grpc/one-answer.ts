import type { Observable, Subscription } from 'rxjs';
import { isThenable } from '../../options/index.js';
import { noValue, tellUnfiltered } from './handler-failures.js';

/** The part of a unary call that is used. */
export interface AnsweredCall {
  readonly cancelled?: boolean;
  /** `cancelled` is emitted at every end of the call, a normal end included. */
  once(event: 'cancelled', listener: () => void): unknown;
  off(event: 'cancelled', listener: () => void): unknown;
}

/** Receives the response to a unary call, or the error; only the first counts. */
export type AnswerCallback = (error: unknown, value?: unknown) => void;

/**
 * Answers a unary call with the observable that its handler returned:
 *
 * - The first value is the response, sent at once, because the observable may be endless, such as a stream
 *   of state changes. Later values and errors are ignored. A promise is awaited.
 * - Without a value the call fails.
 * - The observable is unsubscribed when the call is over: cancelled, past its deadline, or answered. An
 *   observable that completes right after its value completes before that.
 *
 * @param onEnd - called once, when the observable has ended or was unsubscribed.
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

/** Observer of the observable that a handler returned. */
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

  /** Most observables have already ended here, and need no listener. */
  follow(subscription: Subscription): void {
    if (this.#isComplete) return;
    this.#subscription = subscription;
    this.#call.once('cancelled', this.#onOver);
  }

  next(value: unknown): void {
    if (this.#answer !== 'awaited') return;
    if (isThenable(value)) void this.#await(value);
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

  async #await(promise: PromiseLike<unknown>): Promise<void> {
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
