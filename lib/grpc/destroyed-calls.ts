import type { Duplex, Writable } from 'node:stream';
import {
  status,
  type MethodDefinition,
  type sendUnaryData,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { isThenable } from '../options/index.js';
import { debugDetails } from './built-in/debug-details.js';

/** Milliseconds in which a handler may still answer a call that it destroyed. */
const ANSWER_GRACE_MS = 1000;

/** The streams that handlers receive, of either engine. */
type StreamingCall = (Duplex | Writable) & { readonly cancelled: boolean };
type Answer = sendUnaryData<unknown>;
type Handler = (call: StreamingCall, callback?: Answer) => unknown;

/**
 * Wraps the handler of a streaming method so that every call ends, even if Node's stream utilities destroy
 * it. grpc-js does not end a destroyed call, and its caller would wait forever.
 *
 * - A call that is destroyed (by `destroy()`, or by `pipeline()` from a source that fails) ends with the
 *   status of the error, or with INTERNAL if there is no error. The call ends after `ANSWER_GRACE_MS`, or
 *   earlier if it has no callback: once the handler has returned or its promise has resolved. An earlier
 *   answer takes precedence.
 * - `for await` over the requests does not destroy the call, unlike other streams of Node, so that the
 *   handler can answer after the loop, and after `break`.
 * - If the promise of the handler resolves after such a `break`, the call ends: at once, or after
 *   `ANSWER_GRACE_MS` if the handler has a callback. If the promise is rejected, the call ends with
 *   UNKNOWN, as if the handler had thrown synchronously.
 */
export function endingDestroyedCalls(
  handler: UntypedHandleCall,
  { path, requestStream, responseStream }: MethodDefinition<unknown, unknown>,
): UntypedHandleCall {
  const handle = handler as unknown as Handler;
  const endless = `the handler of ${path.split('/').pop()} gave its call no status`;
  const guarded: Handler = (call, callback) => {
    const end = new CallEnd(call, responseStream ? undefined : callback, endless);
    if (requestStream) keepAfterLoop(call as Duplex, () => end.onLeft());
    end.follow(handle(call, responseStream ? callback : end.answer));
  };
  return guarded as unknown as UntypedHandleCall;
}

/** Tracks whether the handler has ended its call, and ends the call if the handler no longer can. */
class CallEnd {
  readonly #call: StreamingCall;
  /** Only of methods with one response. */
  readonly #callback: Answer | undefined;
  readonly #endless: string;
  #isAnswered = false;
  #isDestroyed = false;
  /** Whether the handler left a loop over the requests before their end. */
  #hasLeft = false;
  #handler: 'running' | 'returned' = 'running';
  #timer: NodeJS.Timeout | undefined;

  constructor(call: StreamingCall, callback: Answer | undefined, endless: string) {
    this.#call = call;
    this.#callback = callback;
    this.#endless = endless;
    call.once('close', this.#onClose);
  }

  /** The callback that the handler receives. */
  readonly answer: Answer = (...args) => {
    this.#isAnswered = true;
    clearTimeout(this.#timer);
    this.#callback?.(...args);
  };

  onLeft(): void {
    this.#hasLeft = true;
  }

  /** @param result - return value of the handler. */
  follow(result: unknown): void {
    if (isThenable(result)) {
      Promise.resolve(result).then(
        () => this.#onReturn(),
        (error) =>
          this.#end({ code: status.UNKNOWN, details: debugDetails('Unknown error', error) }),
      );
    } else {
      this.#handler = 'returned';
    }
  }

  get #isOver(): boolean {
    return this.#call.cancelled || this.#isAnswered || this.#call.writableFinished;
  }

  readonly #onClose = (): void => {
    if (this.#isOver) return;
    this.#isDestroyed = true;
    this.#endSoon();
  };

  #onReturn(): void {
    this.#handler = 'returned';
    if (this.#isOver) return;
    if (this.#isDestroyed) this.#endSoon();
    else if (!this.#hasLeft || this.#call.writableEnded) return;
    else if (this.#callback === undefined) this.#call.end();
    else this.#endSoon();
  }

  /**
   * Ends the call later: after the current turn if the handler has returned and has no callback, else after
   * `ANSWER_GRACE_MS`. An answer before that takes precedence.
   */
  #endSoon(): void {
    if (this.#handler === 'returned' && this.#callback === undefined)
      setImmediate(() => this.#end());
    else this.#timer ??= setTimeout(() => this.#end(), ANSWER_GRACE_MS).unref();
  }

  #end(failure: object | undefined = this.#call.errored ?? undefined): void {
    clearTimeout(this.#timer);
    if (this.#isOver) return;
    this.#isAnswered = true;
    const error = failure ?? Object.assign(new Error(this.#endless), { code: status.INTERNAL });
    if (this.#callback) this.#callback(error);
    else this.#fail(error);
  }

  /** Sends the error. `end()` has no effect on a destroyed stream, so `_final` is called directly. */
  #fail(error: object): void {
    const call = this.#call;
    // Both engines derive the status from the last emitted error.
    if (error !== call.errored) call.emit('error', error);
    if (call.destroyed) call._final(() => {});
  }
}

/** Keeps iteration from destroying the stream. Calls `onLeft` when a loop ends before the stream. */
function keepAfterLoop(call: Duplex, onLeft: () => void): void {
  const iterate = (): NodeJS.AsyncIterator<unknown> => {
    const iterator = call.iterator({ destroyOnReturn: false });
    const leave = iterator.return!.bind(iterator);
    iterator.return = (value) => {
      onLeft();
      return leave(value);
    };
    return iterator as NodeJS.AsyncIterator<unknown>;
  };
  Object.defineProperty(call, Symbol.asyncIterator, {
    value: iterate,
    configurable: true,
    writable: true,
  });
}
