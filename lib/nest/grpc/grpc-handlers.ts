import type { Metadata, ServiceDefinition } from '@grpc/grpc-js';
import {
  ServerGrpc,
  type BaseRpcContext,
  GrpcMethodStreamingType,
  type MessageHandler,
  type Transport,
} from '@nestjs/microservices';
import {
  catchError,
  defaultIfEmpty,
  EMPTY,
  fromEvent,
  isObservable,
  lastValueFrom,
  map,
  takeUntil,
  throwIfEmpty,
} from 'rxjs';
import type { StockGrpcOptions } from '../options/options.js';
import { noValue, tellUnfiltered, unfiltered } from './handler-failures.js';
import { endingCalls, type CallHandler } from './ending-calls.js';
import { inPlaceOf } from './in-place-of.js';
import { reachIn, type HandlerReach } from './handler-reach.js';
import { answerFrom, type AnswerCallback, type AnsweredCall } from './one-answer.js';
import { loadPackages } from './load-packages.js';
import {
  methodsByName,
  packageAt,
  packageTree,
  servicesIn,
  type ServiceEntry,
  type PackageTree,
} from './package-tree.js';
import { RequestStream, type RequestCall } from './request-stream.js';
import { writeResponses, type RespondingCall, type RespondingMethod } from './response-writer.js';

/** A handler as Nest passes it to a strategy: it runs guards, pipes, interceptors and filters. */
type Handler = (...args: unknown[]) => unknown;

interface UnaryCall extends AnsweredCall {
  readonly request: unknown;
  readonly metadata: Metadata;
}

/** A method of a service, as defined in the proto file. */
type Method = RespondingMethod & {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
};

/** The call of a method with a request stream. A single response goes to a callback. */
type StreamCall = RequestCall & RespondingCall & { readonly metadata: Metadata };

/**
 * Nest's gRPC server, except where it leaves a call without an end, an observable without an observer, or
 * an error unhandled:
 *
 * - A unary call gets one response, see `answerFrom`. In Nest's server the call hangs if the handler gives
 *   no value, or two values at once.
 * - A client stream whose handler gives no value ends: with an empty message if the handler is void, else
 *   with an error status. In Nest's server it hangs.
 * - A `@GrpcStreamCall` handler that throws, or that a guard rejects, ends the call with that status. In
 *   Nest's server the call hangs, and the unhandled rejection ends the process. A handler that returns
 *   without an answer, and has no means to answer, ends the call too, see `HandlerReach`.
 * - A filter that throws ends the call, in every kind of method.
 * - Requests of a stream arrive in order and with backpressure, see `RequestStream`.
 * - Responses may be an async iterable, and must be messages, see `writeResponses`.
 * - Packages, services and methods may have names that every object has, see `packageTree`.
 */
export abstract class GrpcHandlers extends ServerGrpc {
  readonly #grpcOptions: StockGrpcOptions;
  /** The reach of handlers with decorated parameters, which may lack their call or their callback. */
  readonly #reaches = new WeakMap<Function, HandlerReach>();

  constructor(options: StockGrpcOptions) {
    super(options);
    this.#grpcOptions = options;
  }

  /** @internal Called by the base class; throws Nest's error for files that cannot be loaded. */
  override loadProto(): unknown {
    const definition = loadPackages(this.#grpcOptions);
    if (definition === undefined) return super.loadProto();
    this.#grpcOptions.onLoadPackageDefinition?.(definition, this.grpcClient);
    return packageTree(definition);
  }

  /** @internal Called by the base class. */
  override lookupPackage(root: PackageTree, packageName: string): PackageTree | undefined {
    return packageAt(root, packageName);
  }

  /** @internal Called by the base class. */
  override getServiceNames(tree: PackageTree): ServiceEntry[] {
    return servicesIn(tree);
  }

  /** @internal Called by the base class. */
  override createService(service: { service: ServiceDefinition }, name: string): Promise<object> {
    const methods = methodsByName(service.service);
    const { then } = methods;
    if (then !== undefined) {
      // `await` would treat an object with a method of this name as a promise.
      delete methods['then'];
      methods[then.path] = then;
    }
    return super.createService({ prototype: methods }, name);
  }

  /** Called by Nest; `extras` has the reach of the handler, if one was recorded. */
  override addHandler(
    pattern: object | string,
    callback: MessageHandler,
    isEventHandler?: boolean,
    extras?: object,
  ): void {
    super.addHandler(pattern, callback, isEventHandler);
    const reach = reachIn(extras);
    if (reach !== undefined) this.#reaches.set(callback, reach);
  }

  /** @internal Called by the base class. */
  override getMessageHandler(
    ...[service, method, ...rest]: Parameters<ServerGrpc['getMessageHandler']>
  ): ReturnType<ServerGrpc['getMessageHandler']> {
    return super.getMessageHandler(service, method.split('/').pop()!, ...rest);
  }

  /** Replaces the method of Nest, which creates more promises. Every unary call runs through this method. */
  override createUnaryServiceMethod(handler: Handler): Function {
    return (call: UnaryCall, callback: AnswerCallback) =>
      this.#tellStart(handler, call, () => this.#answer(handler, call, callback));
  }

  /** @internal Called by Nest for each method that a controller has a handler for. */
  override createServiceMethod(
    handler: Handler,
    method: Method,
    streaming: GrpcMethodStreamingType,
  ): Function {
    if (streaming === GrpcMethodStreamingType.RX_STREAMING && method.requestStream) {
      return this.#withProcessing(handler, (call: StreamCall, callback) =>
        method.responseStream
          ? this.#converse(settled(handler), method, call)
          : this.#collect(answeringLast(settled(handler)), call, callback),
      );
    }
    if (streaming === GrpcMethodStreamingType.NO_STREAMING && method.responseStream) {
      return this.#withProcessing(handler, (call: UnaryCall & RespondingCall) =>
        this.#respond(settled(handler), method, call),
      );
    }
    return super.createServiceMethod(handler, method, streaming);
  }

  /** Failures of the handler end the call. */
  override createStreamCallMethod(
    handler: CallHandler,
    isResponseStream: boolean,
  ): ReturnType<ServerGrpc['createStreamCallMethod']> {
    const reach = this.#reaches.get(handler);
    return super.createStreamCallMethod(
      endingCalls(handler, isResponseStream, reach),
      isResponseStream,
    );
  }

  /** Runs `serve` between Nest's processing hooks. */
  #withProcessing<Call extends object>(
    handler: Handler,
    serve: (call: Call, callback: AnswerCallback) => Promise<void>,
  ): Function {
    return async (call: Call, callback: AnswerCallback) =>
      this.#tellStart(handler, call, async () => {
        try {
          await serve(call, callback);
        } finally {
          this.#tellEnd(call);
        }
      });
  }

  /** Calls the hook of the start, which runs `process`. */
  #tellStart({ name }: Handler, call: object, process: () => Promise<void>): unknown {
    const context = { ...call, operationId: name } as unknown as BaseRpcContext;
    return this.onProcessingStartHook(this.transportId as Transport, context, process);
  }

  /** Calls the hook of the end, which gets the request, as in Nest's own server. */
  #tellEnd(call: { request?: unknown }): void {
    this.onProcessingEndHook?.(this.transportId as Transport, call.request as BaseRpcContext);
  }

  /** One request, many responses. */
  async #respond(
    handler: Handler,
    method: Method,
    call: UnaryCall & RespondingCall,
  ): Promise<void> {
    const result = await handler(call.request, call.metadata, call);
    await writeResponses(this.transformToObservable(result), call, method);
  }

  /** Many requests and responses. */
  async #converse(handler: Handler, method: Method, call: StreamCall): Promise<void> {
    const stream = new RequestStream(call);
    const result = await handler(stream.requests, call.metadata, call);
    await writeResponses(this.transformToObservable(result), call, method, stream);
  }

  /** Many requests, one response: the last value, as with Nest's own server. */
  async #collect(handler: Handler, call: StreamCall, callback: AnswerCallback): Promise<void> {
    const { requests } = new RequestStream(call);
    const result = this.transformToObservable(await handler(requests, call.metadata, call));
    const response = await lastValueFrom(
      result.pipe(
        takeUntil(fromEvent(call, 'cancelled')),
        catchError((error) => {
          callback(error);
          return EMPTY;
        }),
        defaultIfEmpty(undefined),
      ),
    );
    if (response !== undefined) callback(null, response);
  }

  async #answer(handler: Handler, call: UnaryCall, callback: AnswerCallback): Promise<void> {
    const onEnd = (): void => this.#tellEnd(call);
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

/** Wraps a handler so that it does not reject: its error becomes an observable that fails. */
function settled(handler: Handler): Handler {
  return inPlaceOf<Handler>(handler, async (...args) => {
    try {
      return await handler(...args);
    } catch (error) {
      return unfiltered(error);
    }
  });
}

/** The value of an empty response. `undefined` means no answer; serializers treat both alike. */
const NOTHING = null;

/**
 * Wraps the handler of a request stream with one response. Its result has a value, fails, or is empty if
 * the call is over.
 */
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
