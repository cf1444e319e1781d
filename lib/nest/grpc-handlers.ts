import type { Metadata } from '@grpc/grpc-js';
import { ServerGrpc, type BaseRpcContext, type Transport } from '@nestjs/microservices';
import {
  catchError,
  defaultIfEmpty,
  EMPTY,
  isObservable,
  map,
  throwIfEmpty,
  type Observable,
} from 'rxjs';
import { noValue, tellUnfiltered, unfiltered } from './handler-failures.js';
import { answerFrom, type AnswerCallback, type AnsweredCall } from './one-answer.js';
import { keptRequests } from './request-stream.js';

/** A handler as Nest calls it: guards, pipes, interceptors and filters are in it. */
type Handler = (...args: unknown[]) => unknown;

/** A handler of `@GrpcStreamCall`; it gets the callback if its method has one response. */
type CallHandler = (call: EmittingCall, callback?: AnswerCallback) => unknown;

interface UnaryCall extends AnsweredCall {
  readonly request: unknown;
  readonly metadata: Metadata;
}

interface EmittingCall {
  readonly writableEnded?: boolean;
  emit(event: 'error', error: unknown): unknown;
}

/**
 * Nest's own gRPC server, but for where that leaves a call without an end, an observable without an
 * observer, or the process with an error that nobody handles:
 *
 * - A unary call gets one answer, see `answerFrom`. Nest's hangs without a value, and with two at once.
 * - A client stream whose handler gives nothing ends: with an empty message if the handler is void, else
 *   with a status. Nest's hangs.
 * - A `@GrpcStreamCall` handler that throws, or that a guard keeps out, ends the call with that status.
 *   Nest's hangs, and the error becomes an unhandled rejection, which ends the process.
 * - So does a filter that throws, whatever the method.
 * - Requests of a stream come in order, see `keptRequests`.
 */
export abstract class GrpcHandlers extends ServerGrpc {
  /** Instead of Nest's own, as every unary call passes here: it takes fewer promises than that. */
  override createUnaryServiceMethod(handler: Handler): Function {
    return (call: UnaryCall, callback: AnswerCallback) =>
      this.onProcessingStartHook(
        this.transportId as Transport,
        { ...call, operationId: handler.name } as unknown as BaseRpcContext,
        () => this.#answer(handler, call, callback),
      );
  }

  /** Its failures end the call, those of filters as well. */
  override createStreamServiceMethod(handler: Handler): Function {
    return super.createStreamServiceMethod(settled(handler));
  }

  /** Its handler is told of requests in order, and of their end at once; with one response, it ends the call. */
  override createRequestStreamMethod(
    handler: Handler,
    isResponseStream: boolean,
  ): ReturnType<ServerGrpc['createRequestStreamMethod']> {
    const reading = settled(
      inPlaceOf(handler, (requests, ...rest) =>
        handler(keptRequests(requests as Observable<unknown>), ...rest),
      ),
    );
    return super.createRequestStreamMethod(
      isResponseStream ? reading : answeringLast(reading),
      isResponseStream,
    );
  }

  /** Its failures end the call. */
  override createStreamCallMethod(
    handler: CallHandler,
    isResponseStream: boolean,
  ): ReturnType<ServerGrpc['createStreamCallMethod']> {
    return super.createStreamCallMethod(endingCalls(handler), isResponseStream);
  }

  async #answer(handler: Handler, call: UnaryCall, callback: AnswerCallback): Promise<void> {
    // The request, as Nest's own server tells it.
    const onEnd = (): void =>
      this.onProcessingEndHook?.(
        this.transportId as Transport,
        call.request as unknown as BaseRpcContext,
      );
    let result: unknown;
    try {
      result = await handler(call.request, call.metadata, call);
    } catch (error) {
      tellUnfiltered(error, callback);
      return onEnd();
    }
    if (isObservable(result)) return answerFrom(result, call, handler.name, callback, onEnd);
    callback(null, result);
    onEnd();
  }
}

/** Does not reject: what is thrown becomes an observable that fails. */
function settled(handler: Handler): Handler {
  return inPlaceOf<Handler>(handler, async (...args) => {
    try {
      return await handler(...args);
    } catch (error) {
      return unfiltered(error);
    }
  });
}

/** To Nest `undefined` is no answer; serializers make the same of `null`. */
const NOTHING = null;

/** Of a method with many requests and one response: always has a value, of which Nest takes the last. */
function answeringLast(handler: Handler): Handler {
  const { name } = handler;
  return inPlaceOf<Handler>(handler, async (requests, metadata, call) => {
    const result = await handler(requests, metadata, call);
    if ((call as AnsweredCall).cancelled) return EMPTY;
    if (!isObservable(result)) return result ?? NOTHING;
    return result.pipe(
      throwIfEmpty(() => noValue(name)),
      map((value) => value ?? NOTHING),
    );
  });
}

/** Its failures end the call, unless that has ended before. */
function endingCalls(handler: CallHandler): CallHandler {
  return inPlaceOf<CallHandler>(handler, async (call, callback) => {
    let isAnswered = false;
    const answer: AnswerCallback | undefined =
      callback &&
      ((...args) => {
        isAnswered = true;
        callback(...args);
      });
    const failing = catchError((error) => {
      if (answer && !isAnswered) answer(error);
      else if (!answer && !call.writableEnded) call.emit('error', error);
      return EMPTY;
    });
    try {
      const result = await handler(call, answer);
      return isObservable(result) ? result.pipe(failing, defaultIfEmpty(undefined)) : result;
    } catch (error) {
      return unfiltered(error).pipe(failing, defaultIfEmpty(undefined));
    }
  });
}

/** Hooks are told the name of a handler, which is that of its method. */
function inPlaceOf<T extends Function>(handler: T, replacement: T): T {
  return Object.defineProperty(replacement, 'name', { value: handler.name });
}
