import type { Readable } from 'node:stream';
import { catchError, defaultIfEmpty, EMPTY, isObservable, tap } from 'rxjs';
import { unfiltered } from './handler-failures.js';
import type { HandlerReach } from './handler-reach.js';
import { inPlaceOf } from './in-place-of.js';
import type { AnswerCallback } from './one-answer.js';
import { unanswerable, whenSilent } from './silent-calls.js';

/** A handler of `@GrpcStreamCall`. It gets the callback if its method has one response. */
export type CallHandler = (call: EmittingCall, callback?: AnswerCallback) => unknown;

type EmittingCall = Readable & { readonly writableEnded?: boolean };

/**
 * Wraps a handler so that its failures end the call, unless the call has ended before. The return of the
 * handler also ends the call, if the handler has not answered and has no means to answer.
 *
 * @param reach - undefined if the handler gets its call and its callback.
 */
export function endingCalls(
  handler: CallHandler,
  isResponseStream: boolean,
  reach: HandlerReach | undefined,
): CallHandler {
  const canAnswer = reach === undefined || (isResponseStream ? reach.call : reach.callback);
  return inPlaceOf<CallHandler>(handler, async (call, callback) => {
    let isAnswered = false;
    const answer: AnswerCallback | undefined =
      callback &&
      ((...args) => {
        isAnswered = true;
        callback(...args);
      });
    const fail = (error: unknown): void => {
      if (answer && !isAnswered) answer(error);
      else if (!answer && !call.writableEnded) call.emit('error', error);
    };
    const failing = catchError((error) => {
      fail(error);
      return EMPTY;
    });
    const endSilent = (): void => {
      if (canAnswer || isAnswered) return;
      whenSilent(call, reach, () => fail(unanswerable(handler.name, isResponseStream)));
    };
    try {
      const result = await handler(call, answer);
      if (isObservable(result)) {
        return result.pipe(failing, defaultIfEmpty(undefined), tap({ complete: endSilent }));
      }
      endSilent();
      return result;
    } catch (error) {
      return unfiltered(error).pipe(failing, defaultIfEmpty(undefined));
    }
  });
}
