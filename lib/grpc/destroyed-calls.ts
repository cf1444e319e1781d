import type { Duplex, Writable } from 'node:stream';
import {
  status,
  type MethodDefinition,
  type sendUnaryData,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { debugDetails } from './built-in/debug-details.js';

/** Milliseconds in which a handler that destroyed its call may still answer it. */
const ANSWER_GRACE_MS = 1000;

/** The streams that handlers get, of either engine. */
type StreamingCall = (Duplex | Writable) & { readonly cancelled: boolean };
type Answer = sendUnaryData<unknown>;
type Handler = (call: StreamingCall, callback?: Answer) => unknown;

/**
 * A handler of a streaming method whose calls always end, whatever Node's stream tools do to them. To
 * grpc-js a destroyed call is not over: its caller would wait for ever.
 *
 * - A call that is destroyed (by `destroy()`, or by `pipeline()` from a source that fails) ends with the
 *   status of the error, or else with INTERNAL: as soon as its handler has returned, or, where a callback
 *   answers, `ANSWER_GRACE_MS` later at the latest. An answer that comes first counts.
 * - `for await` over the requests does not destroy the call, as it does with other streams of Node, so
 *   that the handler can answer after the loop, and after `break`.
 * - A promise of the handler that resolves after such a `break` ends the call; one that is rejected ends
 *   it with UNKNOWN, as if the handler had thrown at once.
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

/** Whether a call was ended by its handler, and ends it if the handler cannot any more. */
class CallEnd {
  readonly #call: StreamingCall;
  /** Of methods with one response. */
  readonly #callback: Answer | undefined;
  readonly #endless: string;
  #isAnswered = false;
  #isDestroyed = false;
  /** The handler left a loop over the requests before their end. */
  #hasLeft = false;
  #handler: 'running' | 'returned' = 'running';
  #timer: NodeJS.Timeout | undefined;

  constructor(call: StreamingCall, callback: Answer | undefined, endless: string) {
    this.#call = call;
    this.#callback = callback;
    this.#endless = endless;
    call.once('close', this.#onClose);
  }

  /** What the handler gets as its callback. */
  readonly answer: Answer = (...args) => {
    this.#isAnswered = true;
    clearTimeout(this.#timer);
    this.#callback?.(...args);
  };

  onLeft(): void {
    this.#hasLeft = true;
  }

  /** @param result - of the handler. */
  follow(result: unknown): void {
    if (result instanceof Promise) {
      result.then(
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

  /** What the handler still does in this turn counts, and what its callback is told within the grace. */
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

  /** `end()` does nothing to a stream that is destroyed; what it would have called does the same. */
  #fail(error: object): void {
    const call = this.#call;
    // Both engines make the status of the last error that is emitted.
    if (error !== call.errored) call.emit('error', error);
    if (call.destroyed) call._final(() => {});
  }
}

/** Iterating leaves the stream as it is; `onLeft` is told of a loop that ends before the stream. */
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
